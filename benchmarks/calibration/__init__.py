"""Long simulations with known truth: what each estimator covers, misses and costs."""
