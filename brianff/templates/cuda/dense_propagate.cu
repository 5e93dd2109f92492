{# For each spike: on_pre code along a row of the matrix, or on_post code along a column. #}
{# A thread owns a column (a row) of one batch entry and goes through the entry's spikes in the order of their neurons: #}
{# no atomic additions, and sums that are the same in every run and on the CPU. Where the code writes to the matrix that #}
{# all entries share, it owns the column of all of them, one entry after the other. #}
{% extends 'batch_group.cu' %}
{% from 'dense_parts.cu' import indices %}
{% from 'spiked.cu' import bits, into_ring, list_of_spikes %}

{% block kernels %}
{% set n_own = _n_pre if _side == 'pre' else _n_post %}
{% set n_other = _n_post if _side == 'pre' else _n_pre %}
{% set n_words = (n_own + 31)//32 %}
{% set code = split(vector_code, ['_postsynaptic_idx' if _side == 'pre' else '_presynaptic_idx', '_entry_idx']) %}
__global__ void
_run_kernel_{{codeobj_name}}(
    %KERNEL_PARAMETERS%
    )
{
    using namespace brian;

    ///// KERNEL_CONSTANTS /////
    %KERNEL_CONSTANTS%

    ///// kernel_lines /////
    {{kernel_lines|autoindent}}

    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% if not _has_fired %}
    {{list_of_spikes(_n_spiking, _delay_steps, _has_since, _spikespace, _ring, _since, t_in_timesteps)}}
    {% endif %}
    const int _other = blockIdx.x*blockDim.x + threadIdx.x;
    // one bit for each neuron of the entry: has it spiked?
    const int _tile = {{[n_words, 256]|min}};
    __shared__ unsigned int _spiked[_tile];
    {% if _serial %}
    for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
    {% else %}
    const size_t _entry_idx = blockIdx.y;
    {% endif %}
    for (int _first = 0; _first < {{n_words}}; _first += _tile)
    {
        const int _words = min(_tile, {{n_words}} - _first);
        {{bits(n_own, n_words, _has_fired, _fired)}}
        if (__syncthreads_or(_any) && _other < {{n_other}})
        {
            {% if _side == 'pre' %}
            const size_t _col = _other;
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
            {% else %}
            const size_t _row = _other;
            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
            {% endif %}
            {{code.before|autoindent}}
            for (int _word = 0; _word < _words; _word++)
            for (unsigned int _bits = _spiked[_word]; _bits; _bits &= _bits - 1)
            {
                {% if _side == 'pre' %}
                const size_t _row = 32*(_first + _word) + __ffs(_bits) - 1;
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                {% else %}
                const size_t _col = 32*(_first + _word) + __ffs(_bits) - 1;
                const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
                {% endif %}
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{code.inside|autoindent}}
            }
            {{code.after|autoindent}}
        }
        __syncthreads();
    }
}
{% endblock %}

{% block launch %}
{% set n_other = _n_post if _side == 'pre' else _n_pre %}
{% set threads = [32*((n_other + 31)//32), 128]|min %}
    {% if _delay_steps %}
    {{into_ring(_n_spiking, _delay_steps, get_array_name(variables['_spikespace'], access_data=False), get_array_name(variables['_ring'], access_data=False), owner.clock.name)}}
    {% endif %}
    _run_kernel_{{codeobj_name}}<<<dim3({{(n_other + threads - 1)//threads}}, {{1 if _serial else _batch}}), {{threads}}>>>(
            %HOST_PARAMETERS%
        );
    CUDA_CHECK_ERROR("_run_kernel_{{codeobj_name}}");
{% endblock %}
