"""Events as they come: written for watchers alone, and only while somebody watches."""
