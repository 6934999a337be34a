"""Local emulators of ad platforms: what an emulator implements and the HTTP host that serves it.

An emulator is a `PlatformSandbox`: it turns a `SandboxRequest` into a `SandboxResponse` and knows nothing of sockets.
`SandboxServer` mounts it below ``/{slug}/{endpoint name}``, records what it received and plays faults on request.
"""

from adrail.sandbox.decoding import decode_body, mask
from adrail.sandbox.faults import GENERIC_KINDS, FaultError
from adrail.sandbox.messages import OPEN_TO_BROWSERS, PlatformSandbox, SandboxRequest, SandboxResponse
from adrail.sandbox.server import SandboxServer, endpoints_at

__all__ = [
    "GENERIC_KINDS",
    "OPEN_TO_BROWSERS",
    "FaultError",
    "PlatformSandbox",
    "SandboxRequest",
    "SandboxResponse",
    "SandboxServer",
    "decode_body",
    "endpoints_at",
    "mask",
]
