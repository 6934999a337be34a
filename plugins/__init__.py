"""Ad platforms, one package each; found through the entry-point group `adrail.platforms`, never imported by name."""
