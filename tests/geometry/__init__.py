"""Where windows stand, and how that is explained."""
