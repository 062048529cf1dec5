def profile():pass
