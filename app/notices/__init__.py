"""Notices: what a patient is told away from the screen; by the page, by push, by the hospital's SMS gateway."""
