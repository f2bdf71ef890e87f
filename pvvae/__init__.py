"""The method and its machinery: predictive reconstruction, training, metrics, reports."""
