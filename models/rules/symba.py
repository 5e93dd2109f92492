"""Forward-forward with the symmetric pair loss (SymBa, Lee & Song 2023, arXiv 2303.08418) as a three-factor rule.

Loss softplus(-alpha*(g_positive - g_negative)): no threshold.  Positive and negative phases follow one another; the
factors of the positive phase stay in slow tags (derivative_last, z_last, g_last) until the negative phase ends, when
the layer's modulator M compares the two goodnesses:

    dw = M * (dg/dx_post*z_pre of the positive phase - the same of the negative one)
    M = alpha*sigmoid(-alpha*(g_positive - g_negative))

Ranges: alpha 1..10.
"""

presynaptic = """
dz/dt = gain_layer*x/T_epoch : 1             # normalised trace, averaged over the stimulus epoch
z_last : 1                                   # the same, of the stimulus epoch before
"""
neuron = "derivative_last : 1                 # of the goodness by x, at the end of the stimulus epoch before"
layer = """
g_last : 1                                   # goodness of the stimulus epoch before
M : 1                                        # modulator
"""
layer_at_epoch_end = "M = alpha/(1 + exp(alpha*(g_last - g)))"
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_layer*(derivative_last_post*z_last_pre - derivative_post*z_pre)"
needs = "pairs"
learns_when = "phase_layer < 0"
rows = "z_pre != 0 or z_last_pre != 0"
presynaptic_remember = "z_last = z"
neuron_remember = "derivative_last = derivative"
layer_remember = "g_last = g"
parameters = {"alpha": 6.0}
limits = "0 < alpha <= 1000"
