"""Adam with decoupled weight decay, AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101); the rest as in adam.

Ranges: those of adam, weight_decay 0..0.1; its pull on a weight is learning_rate*weight_decay*w an update.
"""

synapse = """
m1 : 1                                       # running mean of the gradient
m2 : 1                                       # running mean of its square
n_updates : 1 (shared)
"""
at_update = """
n_updates += 1
rate = learning_rate_layer*sqrt(1 - beta2**n_updates)/(1 - beta1**n_updates)
per_sample = 1/samples_per_update_layer
gradient = per_sample*dw
m1 += (1 - beta1)*(gradient - m1)
m2 += (1 - beta2)*(gradient*gradient - m2)
w += rate*m1/(sqrt(m2) + epsilon) - learning_rate_layer*weight_decay*w
dw = 0
"""
parameters = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01}
limits = """
0 <= beta1 <= 0.9999
0 <= beta2 <= 0.999999
0 < epsilon <= 1000
0 <= weight_decay <= 1000
"""
