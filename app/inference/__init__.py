"""An island: arrays in, findings out. A measurement, never a diagnosis; what cannot be judged is refused by name.

Nothing here imports anything of the app. `errors`, `findings`, `cards` and `registry` are light; the modules that
touch pixels bring numpy and scipy and are imported late.
"""
