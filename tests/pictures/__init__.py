"""Pictures: their numbers, colours and looks."""
