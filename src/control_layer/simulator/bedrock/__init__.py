"""Amazon Bedrock, strict: https://docs.aws.amazon.com/bedrock/latest/APIReference/, at `/bedrock/…`."""

from control_layer.simulator.bedrock.api import API

__all__ = ["API"]
