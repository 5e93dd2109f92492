{# State update and threshold of a layer, entry by entry, in tiles that fit the first-level cache. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{# Brian2 integrates with variables that have an underscore before a user's name: names here have more. #}
{% extends 'common_group.cpp' %}
{% from 'processes.cpp' import own_entries with context %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {# 32 bits: against variables of that width, 64 would double the length of every vector. #}
    {{scalar_code|map('replace', 'const int64_t t_in_timesteps', 'const int32_t t_in_timesteps')|list|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    {# The flags of a tile are looked through in blocks: a bit of a mask for each neuron. #}
    {% set code = split(vector_code, ['_entry_idx']) %}
    const size_t _brianff_tile = 256, _brianff_block = 64;
    uint8_t _brianff_fired[_brianff_tile];
    size_t _brianff_count = 0;
    {{own_entries()}}
    {
    {{code.before|autoindent}}
    for (size_t _brianff_start = 0; _brianff_start < {{_n_neurons}}; _brianff_start += _brianff_tile)
    {
        const size_t _brianff_first = _entry_idx*{{_n_neurons}} + _brianff_start;
        const size_t _brianff_size = std::min<size_t>(_brianff_tile, {{_n_neurons}} - _brianff_start);
        #pragma GCC ivdep
        for (size_t _brianff_k = 0; _brianff_k < _brianff_size; _brianff_k++)
        {
            const size_t _idx = _brianff_first + _brianff_k;
            const size_t _vectorisation_idx = _idx;
            {# through a char, every vector would be packed and unpacked again, and then packed for the flags #}
            {{code.inside|map('replace', 'const char _cond', 'const ' ~ _condition_type ~ ' _cond')|list|autoindent}}
            _brianff_fired[_brianff_k] = _cond;
        }
        for (size_t _brianff_k = _brianff_size; _brianff_k % _brianff_block; _brianff_k++)
            _brianff_fired[_brianff_k] = 0;
        for (size_t _brianff_k = 0; _brianff_k < _brianff_size; _brianff_k += _brianff_block)
        {
            {% if _processes %}
            uint64_t _brianff_spikes = brianff::bits(_brianff_fired + _brianff_k);
            {% else %}
            uint64_t _brianff_spikes = 0;
            for (size_t _brianff_l = 0; _brianff_l < _brianff_block; _brianff_l++)
                _brianff_spikes |= (uint64_t)_brianff_fired[_brianff_k + _brianff_l] << _brianff_l;
            {% endif %}
            {# Whether there is one, or a second, no processor foresees: both are written, and count if they are there. #}
            for (int _brianff_twice = 0; _brianff_twice < 2; _brianff_twice++)
            {
                {{_eventspace}}[_brianff_count] = _brianff_first + _brianff_k + __builtin_ctzll(_brianff_spikes);
                _brianff_count += _brianff_spikes != 0;
                _brianff_spikes &= _brianff_spikes - 1;
            }
            for (; __builtin_expect(_brianff_spikes != 0, 0); _brianff_spikes &= _brianff_spikes - 1)
                {{_eventspace}}[_brianff_count++] = _brianff_first + _brianff_k + __builtin_ctzll(_brianff_spikes);
        }
    }
    {{code.after|autoindent}}
    }
    {{_eventspace}}[N] = _brianff_count;
    {% if _uses_refractory %}
    for (size_t _brianff_event = 0; _brianff_event < _brianff_count; _brianff_event++)
    {
        const size_t _idx = {{_eventspace}}[_brianff_event];
        {{not_refractory}}[_idx] = false;
        {{lastspike}}[_idx] = {{t}};
    }
    {% endif %}
{% endblock %}

{% block after_code %}
{% set _eventspace = get_array_name(eventspace_variable) %}
{{_eventspace}}[N] = 0;
{% endblock %}
