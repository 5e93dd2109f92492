{# Which neurons of an entry have spiked: one bit each, in shared memory, built by all threads of a block. #}
{# The list of spikes is in no particular order; that of the bits is. #}
{% macro list_of_spikes(n_spiking, delay_steps, has_since, spikespace, ring, since, now) %}
    {% if delay_steps %}
    const int32_t* _events = {{ring}} + (({{now}} + 1) % {{delay_steps + 1}}) * {{n_spiking + 1}};
    {% else %}
    const int32_t* _events = {{spikespace}};
    {% endif %}
    {% if has_since %}
    const int _num_events = {{now}} - {{delay_steps}} < {{since}} ? 0 : _events[{{n_spiking}}];
    {% else %}
    const int _num_events = _events[{{n_spiking}}];
    {% endif %}
{% endmacro %}

{# Bits 32*_first ... 32*(_first + _words) of the entry; _any: whether this thread has found a spike. #}
{% macro bits(n_own, n_words, has_fired, fired) %}
        int _any = 0;
        {% if has_fired %}
        for (int _word = threadIdx.x; _word < _words; _word += blockDim.x)
        {
            _spiked[_word] = {{fired}}[_entry_idx*{{n_words}} + _first + _word];
            _any |= _spiked[_word] != 0;
        }
        {% else %}
        for (int _word = threadIdx.x; _word < _words; _word += blockDim.x)
            _spiked[_word] = 0;
        __syncthreads();
        for (int _event = threadIdx.x; _event < _num_events; _event += blockDim.x)
        {
            const int _bit = _events[_event] - (int)_entry_idx*{{n_own}} - 32*_first;
            if (_bit >= 0 && _bit < 32*_words && _bit < {{n_own}} - 32*_first)
            {
                atomicOr(&_spiked[_bit/32], 1u << (_bit % 32));
                _any = 1;
            }
        }
        {% endif %}
{% endmacro %}

{# With a delay: a ring of delay_steps + 1 spike lists; this step's goes in, and the oldest comes out. #}
{% macro into_ring(n_spiking, delay_steps, spikes, ring, clock) %}
    CUDA_SAFE_CALL(
            cudaMemcpyAsync(
                dev{{ring}}
                    + ({{clock}}.timestep[0] % {{delay_steps + 1}}) * {{n_spiking + 1}},
                dev{{spikes}}[current_idx{{spikes}}],
                sizeof(int32_t)*{{n_spiking + 1}},
                cudaMemcpyDeviceToDevice
            )
        );
{% endmacro %}
