"""The edge that tells pages what to track: tracking-config, the browser SDK and the pixel adapters."""
