"""What the relay renders, and what the admin's pages show of it."""
