"""The contract's objects that more than one check looks at: users, endpoints, models and what hangs on them."""

from __future__ import annotations

from tests.contract_client.shapes import BOOL, DEC, INT, NUM, OBJECT, STR, TS, UUID, array, nullable, omitted, one_of

__all__ = ["BARE", "CACHE", "COMPONENT", "ENDPOINT", "METRICS", "PRIVILEGED", "STATUS", "TARIFF", "USER"]

USER = {
    "id": UUID,
    "username": STR,
    "email": STR,
    "display_name": nullable(STR),
    "avatar_url": nullable(STR),
    "is_admin": BOOL,
    "roles": array(STR),
    "created_at": TS,
    "updated_at": TS,
    "last_login": nullable(TS),
    "auth_source": STR,
    "external_user_id": nullable(STR),
    "credit_balance": omitted(NUM),
    "active_organization_id": omitted(UUID),
    "has_payment_provider_id": BOOL,
    "has_auto_topup_payment_method": BOOL,
    "batch_notifications_enabled": BOOL,
    "low_balance_threshold": nullable(NUM),
    "auto_topup_amount": nullable(NUM),
    "auto_topup_threshold": nullable(NUM),
    "auto_topup_monthly_limit": nullable(NUM),
    "user_type": one_of("individual", "organization"),
    "verified": BOOL,
    "zero_data_retention": BOOL,
    "invoicing_enabled": BOOL,
    "groups": omitted(array({"id": UUID, "name": STR, "created_by": UUID})),
    "organizations": omitted(array({"id": UUID})),
    "onboarding_redirect_url": omitted(STR),
}
ENDPOINT = {
    "id": UUID,
    "name": STR,
    "description": nullable(STR),
    "url": STR,
    "model_filter": nullable(array(STR)),
    "requires_api_key": BOOL,
    "auth_header_name": STR,
    "auth_header_prefix": STR,
    "dialect": STR,
    "options": omitted(OBJECT),
    "reasoning_translation": omitted(OBJECT),
    "created_by": UUID,
    "created_at": TS,
    "updated_at": TS,
}
BARE = {
    "id": UUID,
    "model_name": STR,
    "alias": STR,
    "description": nullable(STR),
    "model_type": nullable(STR),
    "capabilities": nullable(array(STR)),
    "created_at": TS,
    "updated_at": TS,
    "hosted_on": omitted(UUID),
    "display_name": omitted(STR),
    "allowed_batch_completion_windows": omitted(array(STR)),
    "metadata": omitted(OBJECT),
    "traffic_routing_rules": omitted(array(OBJECT)),
}
PRIVILEGED = {
    "created_by": UUID,
    "is_composite": BOOL,
    "fallback": {
        "enabled": BOOL,
        "on_rate_limit": BOOL,
        "on_status": array(INT),
        "with_replacement": BOOL,
        "max_attempts": omitted(INT),
        "backoff": omitted(OBJECT),
        "max_total_backoff_ms": omitted(INT),
    },
    "sanitize_responses": BOOL,
    "trusted": BOOL,
    "open_responses_adapter": BOOL,
}
TARIFF = {
    "id": UUID,
    "deployed_model_id": UUID,
    "name": STR,
    "input_price_per_token": DEC,
    "output_price_per_token": DEC,
    "api_key_purpose": nullable(STR),
    "completion_window": omitted(STR),
    "valid_from": TS,
    "valid_until": nullable(TS),
    "is_active": BOOL,
}
CACHE = {
    "enabled": BOOL,
    "write_multiplier_5m": nullable(DEC),
    "write_multiplier_1h": nullable(DEC),
    "write_multiplier_24h": nullable(DEC),
    "read_multiplier": nullable(DEC),
    "min_prefix_tokens": nullable(INT),
    "valid_from": nullable(TS),
    "valid_until": nullable(TS),
}
METRICS = {
    "avg_latency_ms": nullable(NUM),
    "total_requests": INT,
    "total_input_tokens": INT,
    "total_output_tokens": INT,
    "last_active_at": nullable(TS),
}
STATUS = {
    "probe_id": nullable(UUID),
    "active": BOOL,
    "interval_seconds": nullable(INT),
    "last_check": nullable(TS),
    "last_success": nullable(BOOL),
    "uptime_percentage": nullable(NUM),
}
COMPONENT = {
    "weight": INT,
    "enabled": BOOL,
    "sort_order": INT,
    "created_at": TS,
    "model": {
        "id": UUID,
        "alias": STR,
        "model_name": STR,
        "description": nullable(STR),
        "model_type": nullable(STR),
        "trusted": BOOL,
        "open_responses_adapter": BOOL,
    },
}
