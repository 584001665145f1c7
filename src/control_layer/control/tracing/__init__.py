"""OpenTelemetry spans of AI requests, made of their usage events, and of management requests; sent by OTLP."""
