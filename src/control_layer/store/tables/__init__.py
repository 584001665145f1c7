"""The tables. Names and meanings follow the management API; only `store` and the resources' queries read them.

Relationships are left out on purpose: every query says what it joins, so no page runs a query by accident.
"""

from __future__ import annotations

from control_layer.store.tables.alerts import Alert
from control_layer.store.tables.answers import AnswerPurge, KeptAnswer
from control_layer.store.tables.audit import AuditEntry
from control_layer.store.tables.base import NIL, Base
from control_layer.store.tables.batches import Batch, BatchDaemon, BatchModel, BatchRequest, File, FileRequest
from control_layer.store.tables.budgets import Budget, BudgetLease, BudgetSpending
from control_layer.store.tables.catalogue import CachePricing, Endpoint, GroupModel, Model, ModelComponent, Tariff
from control_layer.store.tables.federation import Identity
from control_layer.store.tables.guardrails import Guardrail
from control_layer.store.tables.installation import CompatibleRevision, Seeded
from control_layer.store.tables.keys import ApiKey, LentSecret
from control_layer.store.tables.ledger import AccountBalance, Transaction
from control_layer.store.tables.limits import RateLimit
from control_layer.store.tables.payments import AutoTopup
from control_layer.store.tables.people import Group, GroupMember, User, UserObject
from control_layer.store.tables.privacy import RedactionRule
from control_layer.store.tables.probes import Probe, ProbeResult, ProbeState
from control_layer.store.tables.responses import StoredResponse
from control_layer.store.tables.rollups import (
    ACCOUNT_ROLLUPS,
    LATENCY_ROLLUPS,
    MODEL_ROLLUPS,
    BatchHour,
    TrafficHorizon,
    UnfoldedRequest,
)
from control_layer.store.tables.sessions import PasswordReset, UserSession
from control_layer.store.tables.sinks import RecordedBatch, SinkPosition
from control_layer.store.tables.traffic import JournalPosition, OpenRequest, Request, RequestBody
from control_layer.store.tables.webhooks import Webhook, WebhookDelivery

__all__ = [
    "ACCOUNT_ROLLUPS",
    "LATENCY_ROLLUPS",
    "MODEL_ROLLUPS",
    "NIL",
    "AccountBalance",
    "Alert",
    "AnswerPurge",
    "ApiKey",
    "AuditEntry",
    "AutoTopup",
    "Base",
    "Batch",
    "BatchDaemon",
    "BatchHour",
    "BatchModel",
    "BatchRequest",
    "Budget",
    "BudgetLease",
    "BudgetSpending",
    "CachePricing",
    "CompatibleRevision",
    "Endpoint",
    "File",
    "FileRequest",
    "Group",
    "GroupMember",
    "GroupModel",
    "Guardrail",
    "Identity",
    "JournalPosition",
    "KeptAnswer",
    "LentSecret",
    "Model",
    "ModelComponent",
    "OpenRequest",
    "PasswordReset",
    "Probe",
    "ProbeResult",
    "ProbeState",
    "RateLimit",
    "RecordedBatch",
    "RedactionRule",
    "Request",
    "RequestBody",
    "Seeded",
    "SinkPosition",
    "StoredResponse",
    "Tariff",
    "TrafficHorizon",
    "Transaction",
    "UnfoldedRequest",
    "User",
    "UserObject",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
]
