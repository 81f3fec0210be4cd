"""Alerts: what somebody of the staff must do now; each has an action and an owner, and one cause is one alert."""
