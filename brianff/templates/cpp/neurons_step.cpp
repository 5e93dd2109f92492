{# State update and threshold of a layer, entry by entry, in tiles that fit the first-level cache. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{# Brian2 integrates with variables that have an underscore before a user's name: names here have more. #}
{% extends 'common_group.cpp' %}
{% from 'processes.cpp' import own_entries with context %}
{% from 'neurons_listed.cpp' import listed with context %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {# 32 bits: against variables of that width, 64 would double the length of every vector. #}
    {{scalar_code|map('replace', 'const int64_t t_in_timesteps', 'const int32_t t_in_timesteps')|list|autoindent}}

    {% set _eventspace = get_array_name(eventspace_variable) %}
    {# The flags of a tile are looked through in blocks: a bit of a mask for each neuron. #}
    {% set code = split(vector_code, ['_entry_idx']) %}
    size_t _brianff_count = 0;
    {% if _awaited %}
    {# how many steps every neuron waits, in whole blocks of each entry; from when on, and what has changed until then #}
    {% set blocks = (_n_neurons + 63)//64 %}
    static std::vector<uint8_t> _brianff_steps({{_batch*blocks*64}}, brianff::FAR);
    static std::vector<int32_t> _brianff_since({{_batch}}), _brianff_seen({{_batch}}, -1);
    const int32_t* __restrict _brianff_awaited = {{get_array_name(_awaited.variable)}};
    const int32_t* const _brianff_changes = {{get_array_name(_awaited.changes, access_data=False)}};
    const auto _brianff_wait = [=](int32_t _brianff_from, int32_t _brianff_to)
    {
        {% if _awaited.or_later %}
        return brianff::between(_brianff_from, std::max(_brianff_to, t_in_timesteps));
        {% else %}
        return _brianff_to < t_in_timesteps ? brianff::FAR : brianff::between(_brianff_from, _brianff_to);
        {% endif %}
    };
    {% if _awaited.moves %}
    {# what has just spiked waits for another time step now #}
    for (int32_t _brianff_event = 0; _brianff_event < {{_eventspace}}[N]; _brianff_event++)
    {
        const size_t _idx = {{_eventspace}}[_brianff_event];
        const size_t _entry_idx = _idx/{{_n_neurons}};
        _brianff_steps[_idx + _entry_idx*{{blocks*64 - _n_neurons}}] = _brianff_wait(_brianff_since[_entry_idx], _brianff_awaited[_idx]);
    }
    {% endif %}
    {{own_entries()}}
    {
        {{code.before|autoindent}}
        if (_brianff_seen[_entry_idx] != _brianff_changes[_entry_idx] || t_in_timesteps - _brianff_since[_entry_idx] >= brianff::FAR)
        {
            _brianff_seen[_entry_idx] = _brianff_changes[_entry_idx];
            _brianff_since[_entry_idx] = t_in_timesteps;
            uint8_t* __restrict _brianff_all = &_brianff_steps[_entry_idx*{{blocks*64}}];
            for (size_t _brianff_k = 0; _brianff_k < {{_n_neurons}}; _brianff_k++)
                _brianff_all[_brianff_k] = _brianff_wait(t_in_timesteps, _brianff_awaited[_entry_idx*{{_n_neurons}} + _brianff_k]);
        }
        const uint8_t _brianff_now = t_in_timesteps - _brianff_since[_entry_idx];
        for (size_t _brianff_block = 0; _brianff_block < {{blocks}}; _brianff_block++)
        {
            const size_t _brianff_first = _entry_idx*{{_n_neurons}} + _brianff_block*64;
            uint8_t* const _brianff_here = &_brianff_steps[(_entry_idx*{{blocks}} + _brianff_block)*64];
            uint64_t _brianff_spikes = brianff::equal(_brianff_here, _brianff_now);
            {% if not _awaited.alone %}
            {# there is more to the condition #}
            for (uint64_t _brianff_due = _brianff_spikes; _brianff_due; _brianff_due &= _brianff_due - 1)
            {
                const size_t _brianff_k = __builtin_ctzll(_brianff_due);
                const size_t _idx = _brianff_first + _brianff_k;
                const size_t _vectorisation_idx = _idx;
                {{code.inside|autoindent}}
                if (!_cond)
                {
                    _brianff_spikes &= ~((uint64_t)1 << _brianff_k);
                    {% if _awaited.or_later %}
                    _brianff_here[_brianff_k]++;
                    {% endif %}
                }
            }
            {% endif %}
            {{listed('_brianff_first')}}
        }
        {{code.after|autoindent}}
    }
    {% else %}
    const size_t _brianff_tile = 256, _brianff_block = 64;
    uint8_t _brianff_fired[_brianff_tile];
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
            {{listed('_brianff_first + _brianff_k')}}
        }
    }
    {{code.after|autoindent}}
    }
    {% endif %}
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
