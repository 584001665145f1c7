"""Stripe's API on a port of loopback, as its reference describes the calls we make: forms in, objects out.

It is strict: the key, the parameters that a call may have, idempotency keys that stand for one set of parameters.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

API_KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"
PRICE = "price_credits"
_PAYER = "metadata[control_layer_payer]"
_SESSION_PARAMETERS = {
    *("mode", "client_reference_id", "success_url", "cancel_url", "customer", "customer_creation", "customer_email"),
    *("line_items[0][price]", "line_items[0][quantity]", "adaptive_pricing[enabled]", "invoice_creation[enabled]"),
    *("allowed_payment_method_types[0]", _PAYER),
}


@dataclass(slots=True)
class StripeServer:
    """What it keeps, and how it misbehaves when it is told to."""

    url: str = ""
    currency: str = "usd"
    unit_amount: int = 2500
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    cards: dict[str, list[str]] = field(default_factory=dict)
    """The cards of each customer, newest first."""
    intents: list[dict[str, Any]] = field(default_factory=list)
    decline: str | None = None
    """The code that charges are declined with."""
    lose_answers: int = 0
    """So many charges are made, and the answers to them lost."""
    away: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _answers: dict[str, tuple[dict[str, str], int, dict[str, Any]]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        calls = [
            ("POST", "/v1/checkout/sessions", self._create_session),
            ("GET", "/v1/checkout/sessions/{id}", self._read_session),
            ("POST", "/v1/billing_portal/sessions", self._create_portal),
            ("POST", "/v1/customers", self._create_customer),
            ("GET", "/v1/customers/{id}", self._read_customer),
            ("GET", "/v1/payment_methods", self._list_cards),
            ("GET", "/v1/payment_intents", self._list_intents),
            ("POST", "/v1/payment_intents", self._create_intent),
            ("GET", "/v1/prices/{id}", self._read_price),
        ]
        return Starlette(routes=[Route(path, self._call(answer), methods=[method]) for method, path, answer in calls])

    def complete(self, session_id: str, *, payment_status: str = "paid", discount: int = 0) -> dict[str, Any]:
        """Somebody has gone through the checkout; its session."""
        session = self.sessions[session_id]
        customer = session["customer"] or self.new_customer(session["customer_email"])
        session |= {"status": "complete", "customer": customer, "payment_status": payment_status}
        if session["mode"] == "setup":
            session["payment_status"] = "no_payment_required"
            self.cards.setdefault(customer, []).insert(0, f"pm_{next(self._numbers)}")
        session["total_details"] = {"amount_discount": discount, "amount_shipping": 0, "amount_tax": 475}
        return session

    def new_customer(self, email: str | None = None) -> str:
        customer_id = f"cus_{next(self._numbers)}"
        self.customers[customer_id] = {
            "id": customer_id,
            "object": "customer",
            "email": email,
            "invoice_settings": {"default_payment_method": None},
        }
        return customer_id

    def _call(self, answer: Any) -> Any:
        async def called(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode() or request.url.query, keep_blank_values=True))
            self.asked.append((f"{request.method} {request.url.path}", form))
            if self.away:
                return _error(503, "api_error", "It is away")
            if request.headers.get("authorization") != f"Bearer {API_KEY}":
                return _error(401, "invalid_request_error", "Invalid API Key provided: sk_test_****sts")
            key = request.headers.get("idempotency-key", "")
            if request.method == "POST" and key in self._answers:
                known, status, content = self._answers[key]
                if known != form:
                    return _error(400, "idempotency_error", "Keys can only be used with the same parameters")
                return JSONResponse(content, status)
            status, content = answer(form, **request.path_params)
            if request.method == "POST":
                self._answers[key] = form, status, content
                if request.url.path.endswith("intents") and self.lose_answers:
                    self.lose_answers -= 1
                    return _error(500, "api_error", "It is lost")
            return JSONResponse(content, status)

        return called

    def _create_session(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if unknown := set(form) - _SESSION_PARAMETERS:
            return _refusal("parameter_unknown", min(unknown))
        if "customer" in form and form["customer"] not in self.customers:
            return _refusal("resource_missing", "customer")
        if "customer" in form and "customer_creation" in form:
            return _refusal("parameter_invalid", "customer_creation")
        is_payment = form["mode"] == "payment"
        if is_payment and form.get("line_items[0][price]") != PRICE:
            return _refusal("resource_missing", "line_items[0][price]")
        session_id = f"cs_test_a{next(self._numbers)}"
        amount = self.unit_amount if is_payment else None
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "mode": form["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "amount_subtotal": amount,
            "amount_total": None if amount is None else amount + 475,
            "currency": self.currency if is_payment else None,
            "client_reference_id": form["client_reference_id"],
            "customer": form.get("customer"),
            "customer_email": form.get("customer_email"),
            "metadata": {"control_layer_payer": form[_PAYER]} if _PAYER in form else {},
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "url": f"https://checkout.stripe.test/c/pay/{session_id}",
            "livemode": False,
        }
        return 200, self.sessions[session_id]

    def _read_session(self, form: dict[str, str], id: str) -> tuple[int, dict[str, Any]]:  # noqa: A002 - Stripe's
        return (200, self.sessions[id]) if id in self.sessions else _refusal("resource_missing", "session", 404)

    def _create_portal(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        assert form["customer"] in self.customers
        url = f"https://billing.stripe.test/p/{form['customer']}"
        return 200, {"id": "bps_1", "object": "billing_portal.session", "url": url, "return_url": form["return_url"]}

    def _create_customer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return 200, self.customers[self.new_customer(form.get("email"))]

    def _read_customer(self, form: dict[str, str], id: str) -> tuple[int, dict[str, Any]]:  # noqa: A002
        return (200, self.customers[id]) if id in self.customers else _refusal("resource_missing", "customer", 404)

    def _list_cards(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        cards = [
            {"id": card, "object": "payment_method", "type": "card"} for card in self.cards.get(form["customer"], ())
        ]
        return 200, {
            "object": "list",
            "data": cards[: int(form["limit"])],
            "has_more": False,
            "url": "/v1/payment_methods",
        }

    def _list_intents(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        found = [intent for intent in self.intents if intent["customer"] == form["customer"]]
        return 200, {"object": "list", "data": found, "has_more": False, "url": "/v1/payment_intents"}

    def _create_intent(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        assert (form["off_session"], form["confirm"]) == ("true", "true")
        assert form["payment_method"] in self.cards[form["customer"]]
        intent = {
            "id": f"pi_{next(self._numbers)}",
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": int(form["amount"]),
            "currency": form["currency"],
            "customer": form["customer"],
            "status": "succeeded",
            "metadata": {"control_layer_charge": form["metadata[control_layer_charge]"]},
        }
        if self.decline is not None:
            intent |= {"status": "requires_payment_method", "amount_received": 0}
            self.intents.append(intent)
            return 402, _body("card_error", "Your card was declined.", code=self.decline)
        self.intents.append(intent)
        return 200, intent

    def _read_price(self, form: dict[str, str], id: str) -> tuple[int, dict[str, Any]]:  # noqa: A002
        assert id == PRICE
        return 200, {"id": id, "object": "price", "currency": self.currency, "unit_amount": self.unit_amount}


def event(kind: str, session: dict[str, Any]) -> bytes:
    """An event as it is sent to webhooks."""
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "data": {"object": session},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
    ).encode()


def signature(body: bytes, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> str:
    """The `stripe-signature` of a body (https://docs.stripe.com/webhooks/signature): HMAC-SHA256 of `t.body`."""
    moment = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest},v0=of-an-older-scheme"


def _refusal(code: str, parameter: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    return status, _body("invalid_request_error", f"{parameter}: {code}", code=code, param=parameter)


def _body(kind: str, message: str, **more: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **more}}


def _error(status: int, kind: str, message: str) -> Response:
    # It would be asked again after half a second otherwise.
    return JSONResponse(_body(kind, message), status, {"stripe-should-retry": "false"})


@asynccontextmanager
async def stripe_server() -> AsyncIterator[StripeServer]:
    """One that serves while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        stripe = StripeServer(f"http://{host}:{port}")
        config = uvicorn.Config(stripe.app(), log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield stripe
        finally:
            server.should_exit = True
            await serving
