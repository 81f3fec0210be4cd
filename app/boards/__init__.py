"""Boards: what each screen may show, in one frozen value made for it."""
