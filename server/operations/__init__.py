"""What operators do now and then: replace master keys, back up, restore."""
