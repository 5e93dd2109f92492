{# Frame of all kernels of this package: `kernels` defines them, `launch` starts them. #}
{# A kernel computes scalars in every thread and cannot write them there (a thread that starts late would read what an #}
{# early one has written); `commit`, one thread that runs when the kernel has ended, writes them. #}
{% extends 'common_group.cu' %}

{% block kernel %}
{% block kernels %}
{% endblock %}
{% endblock kernel %}

{% block define_N %}
{% endblock %}

{% block prepare_kernel %}
{% endblock %}

{% block kernel_call %}
{% block launch %}
{% endblock %}
{% endblock kernel_call %}
