{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; rows without presynaptic activity skipped. #}
{# Then, some rows at a time while they are in the cache, code that runs once for each synapse. #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import leave, when_due with context %}
{% from 'dense_indices.cpp' import indices %}
{% from 'processes.cpp' import alone, blocks_of_rows, entries, together with context %}

{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}

    {% if _per_entry %}
    std::vector<uint32_t> _room(16*{{_batch}});
    uint32_t* const _active = _room.data();  // entries in which each of 16 rows is active
    {% endif %}
    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them. #}
    auto _make_update = [&]()
    {
        {{scalar['update']|autoindent}}
        {% if _has_rows %}
        {{scalar['rows']|autoindent}}
        {% endif %}
        return [=](size_t _first_row, size_t _last_row)
        {
        {% if _per_entry %}
            size_t _n_active[16] = {};
            for (size_t _row = _first_row; _row < _last_row; _row++)
            {
                size_t& _n = _n_active[_row - _first_row];
                {{entries(_shared_out)}}
                {
                    {% if _has_rows %}
                    const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                    const size_t _idx = _row*{{_n_post}};
                    {{vector['rows']|autoindent}}
                    _active[(_row - _first_row)*{{_batch}} + _n] = _entry_idx;
                    _n += _row_active;
                    {% else %}
                    _active[(_row - _first_row)*{{_batch}} + _n++] = _entry_idx;
                    {% endif %}
                }
            }
            {# columns of all entries that the first-level cache holds while the rows pass #}
            {% set tile = 128 if _batch > 4 else _n_post %}
            for (size_t _first_col = 0; _first_col < {{_n_post}}; _first_col += {{tile}})
            for (size_t _row = _first_row; _row < _last_row; _row++)
            {
                const size_t _last_col = std::min<size_t>(_first_col + {{tile}}, {{_n_post}});
                const uint32_t* _entries = _active + (_row - _first_row)*{{_batch}};
                const size_t _n = _n_active[_row - _first_row];
                size_t _nth = 0;
                {# four entries in one pass along the row, whose values stay in registers; in order, as one by one #}
                {% set code = split(vector['update'], ['_entry_idx', '_presynaptic_idx']) %}
                {% set pieces = [] %}
                {% for k in range(4) %}
                {% set indices_of_entry = {'_entry_idx': '_entry_%d'|format(k), '_presynaptic_idx': '_entry_%d*%d + _row'|format(k, _n_pre)} %}
                {% set _ = pieces.append(numbered(code, k, indices_of_entry)) %}
                {% endfor %}
                {% for number in (4, 1) %}
                for (; _nth + {{number}} <= _n; _nth += {{number}})
                {
                    {% for k in range(number) %}
                    const size_t _entry_{{k}} = _entries[_nth + {{k}}];
                    {% for line in pieces[k].before %}
                    {{line}}
                    {% endfor %}
                    {% endfor %}
                    #pragma GCC ivdep
                    for (size_t _col = _first_col; _col < _last_col; _col++)
                    {
                        {% if _partial %}
                        if (!{{_present}}[_row*{{_n_post}} + _col])
                            continue;
                        {% endif %}
                        {% for k in range(number) %}
                        {
                            const size_t _entry_idx = _entry_{{k}};
                            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
                            {{indices(_n_pre, _n_post)}}
                            {{pieces[k].inside|autoindent}}
                        }
                        {% endfor %}
                    }
                    {% for k in range(number) %}
                    {% for line in pieces[k].after %}
                    {{line}}
                    {% endfor %}
                    {% endfor %}
                }
                {% endfor %}
            }
        {% else %}
            const size_t _entry_idx = 0;
            for (size_t _row = _first_row; _row < _last_row; _row++)
            #pragma GCC ivdep
            for (size_t _col = 0; _col < {{_n_post}}; _col++)
            {
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector['update']|autoindent}}
            }
        {% endif %}
        };
    };
    {% if _has_then %}
    auto _make_then = [&]()
    {
        {{scalar['then']|autoindent}}
        return [=](size_t _first_row, size_t _last_row)
        {
            const size_t _entry_idx = 0;
            for (size_t _row = _first_row; _row < _last_row; _row++)
            #pragma GCC ivdep
            for (size_t _col = 0; _col < {{_n_post}}; _col++)
            {
                {{indices(_n_pre, _n_post)}}
                {% if _partial %}
                if (!{{_present}}[_idx])
                    continue;
                {% endif %}
                {{vector['then']|autoindent}}
            }
        };
    };
    if (_due && _then_due)
    {
        const auto _update_rows = _make_update();
        const auto _then_rows = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{blocks_of_rows(_shared_out)}}
        {
            const size_t _last_row = std::min<size_t>(_first_row + 16, {{_n_pre}});
            _update_rows(_first_row, _last_row);
            _then_rows(_first_row, _last_row);
        }
        {{together(_shared_out)}}
        {{leave()}}
    }
    if (_then_due)
    {
        const auto _then_rows = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{blocks_of_rows(_shared_out)}}
            _then_rows(_first_row, std::min<size_t>(_first_row + 16, {{_n_pre}}));
        {{together(_shared_out)}}
        {{leave()}}
    }
    {% endif %}
    const auto _update_rows = _make_update();
    {{together(_shared_out)}}
    {{alone(_shared_out)}}
    {{blocks_of_rows(_shared_out)}}
        _update_rows(_first_row, std::min<size_t>(_first_row + 16, {{_n_pre}}));
    {{together(_shared_out)}}
{% endblock %}
