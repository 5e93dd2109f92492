"""Forward-forward with a goodness threshold (Hinton 2022, arXiv 2212.13345) as a three-factor rule.

Loss softplus(-s*beta*(g - theta)) with s = +1 in a positive and -1 in a negative phase.  Its gradient is a product of
three local factors, applied when the stimulus epoch ends: presynaptic z, the derivative of the goodness by the
postsynaptic trace (x itself, for a sum of squares), and the layer's modulator M:

    dw = M * dg/dx_post * z_pre,    M = s*beta*sigmoid(-s*beta*(g - theta))

Ranges: beta 1..10, theta 0.5..5 (0 with polar_halves).
"""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1   # normalised trace, averaged over the stimulus epoch"
layer = "M : 1                                # modulator"
layer_at_epoch_end = "M = phase*beta/(1 + exp(phase*beta*(g - theta)))"
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_layer*derivative_post*z_pre"
learns_when = "phase_layer != 0"
rows = "z_pre != 0"
parameters = {"beta": 3.0, "theta": 1.0}
limits = """
0 < beta <= 1000
-1000 <= theta <= 1000
"""
