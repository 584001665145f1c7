"""Mails handed to a mail server: SMTP submission (RFC 6409), with TLS (RFC 8314) unless it is switched off."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage

import aiosmtplib

from control_layer.control.mail.letter import domain_of
from control_layer.control.mail.transport import MailDelayed, MailRefused
from control_layer.settings import Smtp

__all__ = ["SmtpTransport"]

_WHOLE_MAIL = 3
"""Timeouts that one mail may take in all."""
_PERMANENT = 500  # RFC 5321, 4.2.1: 5yz is final, 4yz is for now


class SmtpTransport:
    """One connection for each mail: there are few."""

    def __init__(self, settings: Smtp) -> None:
        """Raises `OSError` where the certificates of `ca_bundle` cannot be used."""
        self._settings = settings
        self._tls = ssl.create_default_context()
        if settings.ca_bundle is not None:
            self._tls.load_verify_locations(settings.ca_bundle.expanduser())

    async def send(self, message: EmailMessage) -> None:
        seconds = self._settings.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds * _WHOLE_MAIL), self._client(str(message["From"]), seconds) as client:
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(max(refused.code for refused in error.recipients), error) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code, error) from None
        except OSError as error:  # no connection, a lost one, or one that says nothing
            raise MailDelayed(_reason(error)) from None
        except aiosmtplib.SMTPException:
            needed = "STARTTLS, a login, or addresses beyond ASCII"
            raise MailRefused(f"the mail server cannot do what is needed: {needed}; see email.smtp") from None

    def _client(self, sender: str, seconds: float) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port_in_use,
            username=settings.username,
            password=None if settings.password is None else settings.password.get_secret_value(),
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",  # true: without it nothing is said; false: never
            tls_context=None if settings.security == "none" else self._tls,
            timeout=seconds,
            local_hostname=domain_of(sender),  # not the machine's name, which looking up may take long
        )


def _failure(code: int, error: Exception) -> MailRefused | MailDelayed:
    # The server's own words are left out: they may quote the mail, and so its secret.
    reason = f"{type(error).__name__}: the mail server answered {code}"
    return MailRefused(reason) if code >= _PERMANENT else MailDelayed(reason)


def _reason(error: BaseException) -> str:
    """What failed, down to the certificate if it was that."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the mail server's certificate is not trusted ({cause.verify_message}); see email.smtp.ca_bundle"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
