"""RMSprop (Tieleman & Hinton 2012, Coursera lecture 6.5): weight changes divided by their running root mean square.

Ranges: beta2 0.9 (in the lecture) to 0.999, epsilon 1e-10..1e-4, weight_decay 0..0.1 (learning_rate*weight_decay*w an
update).
"""

synapse = "m2 : 1                            # running mean of the squared gradient"
at_update = """
per_sample = 1/samples_per_update_layer
gradient = per_sample*dw
m2 += (1 - beta2)*(gradient*gradient - m2)
w += learning_rate_layer*(gradient/(sqrt(m2) + epsilon) - weight_decay*w)
dw = 0
"""
parameters = {"beta2": 0.99, "epsilon": 1e-8, "weight_decay": 0.0}
limits = """
0 <= beta2 <= 0.999999
0 < epsilon <= 1000
0 <= weight_decay <= 1000
"""
