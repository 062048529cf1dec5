def delta():pass
