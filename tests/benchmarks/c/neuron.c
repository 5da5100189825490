/* W2: a tanh neuron of three inputs and its gradient by weights, inputs and bias. */
#include <math.h>

struct memory { double loss, w[3], x[3], b, dw[3], dx[3], db; };

const long size = sizeof(struct memory) / sizeof(double);

void kernel(struct memory *m)
{
    double y = tanh(m->w[0] * m->x[0] + m->w[1] * m->x[1] + m->w[2] * m->x[2] + m->b);
    double slope = 1 - y * y;
    m->loss = y;
    for (int i = 0; i < 3; i++) {
        m->dw[i] = slope * m->x[i];
        m->dx[i] = slope * m->w[i];
    }
    m->db = slope;
}
