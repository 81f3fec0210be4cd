"""What the API takes, by subject: types as JSON has them, bounded, nothing guessed."""
