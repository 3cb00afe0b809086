"""The web page of ``geofer demo``: trained models at work in a browser, offline."""
