{# Code on the columns of the matrix whose target neuron meets a condition, for each batch entry that it names. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import leave with context %}
{% from 'dense_indices.cpp' import indices %}

{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {% if _has_condition %}
    {
        {{scalar_code['condition']|autoindent}}
        if (!_update_now)
        {
            {{leave()}}
        }
    }
    {% endif %}
    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them. #}
    auto _make_active = [&]()
    {
        {{scalar_code['columns']|autoindent}}
        return [=](size_t _entry_idx, size_t _col)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
            const size_t _idx = _col;
            const size_t _vectorisation_idx = _idx;
            {{vector_code['columns']|autoindent}}
            return _column_active;
        };
    };
    auto _make_update = [&]()
    {
        {{scalar_code['update']|autoindent}}
        return [=](size_t _entry_idx, size_t _col)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
            #pragma GCC ivdep
            for (size_t _row = 0; _row < {{_n_pre}}; _row++)
            {
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector_code['update']|autoindent}}
            }
        };
    };
    const auto _active = _make_active();
    const auto _update = _make_update();
    for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
        for (size_t _col = 0; _col < {{_n_post}}; _col++)
            if (_active(_entry_idx, _col))
                _update(_entry_idx, _col);
{% endblock %}
