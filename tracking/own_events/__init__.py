"""Events that marketplaces define themselves, as people and keys manage them."""
