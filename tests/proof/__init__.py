"""The checks that try their luck, at full size."""
