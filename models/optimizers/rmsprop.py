"""RMSprop (Tieleman & Hinton 2012, Coursera lecture 6.5): weight changes divided by their running root mean square."""

synapse = "m2 : 1                            # running mean of the squared gradient"
at_update = """
m2 += (1 - beta2)*((dw/samples_per_update_layer)**2 - m2)
w += learning_rate_layer*(dw/samples_per_update_layer/(sqrt(m2) + epsilon) - weight_decay*w)
dw = 0
"""
parameters = {"beta2": 0.99, "epsilon": 1e-8, "weight_decay": 0.0}
