{# State update and threshold of a layer. #}
{# Spikes are kept as one bit a neuron (`_fired`), in order, for the dense synapses and the reset, and, where `listed`, #}
{# as brian2cuda's list of events, in no particular order and filled up with -1, for monitors and ordinary synapses. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'kernels.cu' import kernel_head, commit, launch_neurons %}

{% block kernels %}
{% set _eventspace = get_array_name(eventspace_variable) %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _entry_idx = blockIdx.y;
    const int _k = blockIdx.x*blockDim.x + threadIdx.x;
    const size_t _idx = _entry_idx*{{_n_neurons}} + _k;
    bool _spikes = false;
    if (_k < {{_n_neurons}})
    {
        const size_t _vectorisation_idx = _idx;
        // scalar code
        {{without_writes(scalar_code)|autoindent}}
        {
            {{after_scalars(vector_code, scalar_code)|autoindent}}
            _spikes = _cond;
        }
        {% if _uses_refractory %}
        if (_spikes)
        {
            {{not_refractory}}[_idx] = false;
            {{lastspike}}[_idx] = {{t}};
        }
        {% endif %}
    }
    // all threads of the warp take part, those behind the last neuron too
    const unsigned int _bits = __ballot_sync(0xffffffffu, _spikes);
    const int _lane = threadIdx.x % 32;
    if (_lane == 0 && _k < {{_n_neurons}})
        {{_fired}}[_entry_idx*{{(_n_neurons + 31)//32}} + _k/32] = (int32_t)_bits;
    {% if _listed %}
    if (_bits)
    {
        int _place = 0;
        if (_lane == 0)
            _place = atomicAdd(&{{_eventspace}}[{{_batch*_n_neurons}}], __popc(_bits));
        _place = __shfl_sync(0xffffffffu, _place, 0);
        if (_spikes)
            {{_eventspace}}[_place + __popc(_bits & ((1u << _lane) - 1))] = (int32_t)_idx;
    }
    {% endif %}
}
{% if writes(scalar_code) %}
{{commit(codeobj_name, kernel_lines, scalar_code)}}
{% endif %}
{% endblock %}

{% block launch %}
{% set _eventspace = get_array_name(eventspace_variable, access_data=False) %}
    {% if _listed %}
    int32_t* _events = dev{{_eventspace}}[current_idx{{_eventspace}}];
    CUDA_SAFE_CALL(cudaMemsetAsync(_events, 0xff, sizeof(int32_t)*{{_batch*_n_neurons}}));
    CUDA_SAFE_CALL(cudaMemsetAsync(_events + {{_batch*_n_neurons}}, 0, sizeof(int32_t)));
    {% endif %}
{{launch_neurons(codeobj_name, _n_neurons, _batch, writes(scalar_code))}}
{% endblock %}
