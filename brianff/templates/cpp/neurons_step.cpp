{# State update and threshold of a layer, entry by entry, in tiles that fit the first-level cache. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {# 32 bits: against variables of that width, 64 would double the length of every vector. #}
    {{scalar_code|map('replace', 'const int64_t t_in_timesteps', 'const int32_t t_in_timesteps')|list|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    {# The flags of a tile are looked through in blocks: a bit of a mask for each neuron. #}
    const size_t _tile = 256, _block = 32;
    {{_flag_type}} _fired[_tile];
    size_t _count = 0;
    for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
    for (size_t _start = 0; _start < {{_n_neurons}}; _start += _tile)
    {
        const size_t _first = _entry_idx*{{_n_neurons}} + _start;
        const size_t _size = std::min<size_t>(_tile, {{_n_neurons}} - _start);
        #pragma GCC ivdep
        for (size_t _k = 0; _k < _size; _k++)
        {
            const size_t _idx = _first + _k;
            const size_t _vectorisation_idx = _idx;
            {# as wide as the flags: through a char, every vector would be packed and unpacked again #}
            {{vector_code|map('replace', 'const char _cond', 'const ' ~ _flag_type ~ ' _cond')|list|autoindent}}
            _fired[_k] = _cond;
        }
        for (size_t _k = _size; _k % _block; _k++)
            _fired[_k] = 0;
        for (size_t _k = 0; _k < _size; _k += _block)
        {
            {# as many bits as a block has neurons, in a type as wide as the flags, so that the loop is made of vectors #}
            {{_mask_type}} _spikes = 0;
            for (size_t _l = 0; _l < _block; _l++)
                _spikes |= ({{_mask_type}})_fired[_k + _l] << _l;
            for (; _spikes; _spikes &= _spikes - 1)
                {{_eventspace}}[_count++] = _first + _k + __builtin_ctzll(_spikes);
        }
    }
    {{_eventspace}}[N] = _count;
    {% if _uses_refractory %}
    for (size_t _event = 0; _event < _count; _event++)
    {
        const size_t _idx = {{_eventspace}}[_event];
        {{not_refractory}}[_idx] = false;
        {{lastspike}}[_idx] = {{t}};
    }
    {% endif %}
{% endblock %}

{% block after_code %}
{% set _eventspace = get_array_name(eventspace_variable) %}
{{_eventspace}}[N] = 0;
{% endblock %}
