"""Domain and foundation; knows no page and no platform."""
