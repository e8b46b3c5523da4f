"""What has buttons, on top of ipywidgets: thin and silent, each with a twin in plain HTML."""
