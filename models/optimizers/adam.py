"""Adam (Kingma & Ba 2015, arXiv 1412.6980, section 2) on the weight changes accumulated over a mini-batch.

The form in the text below algorithm 1, whose epsilon (with a hat there) is added before the bias correction.

Ranges: beta1 0.8..0.95, beta2 0.99..0.9999, epsilon 1e-10..1e-4.
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
w += rate*m1/(sqrt(m2) + epsilon)
dw = 0
"""
parameters = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
limits = """
0 <= beta1 <= 0.9999
0 <= beta2 <= 0.999999
0 < epsilon <= 1000
"""
