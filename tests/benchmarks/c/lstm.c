/* LSTM, 8 inputs, 16 hidden, 24 steps: mean squared error of all outputs, and its gradient by all parameters. */
#include <math.h>
#include <string.h>

#define STEPS 24
#define INPUTS 8
#define HIDDEN 16
#define GATES (4 * HIDDEN)                              /* in, forget, new, out: HIDDEN of each */

struct parameters { double w_ih[GATES][INPUTS], w_hh[GATES][HIDDEN], b_ih[GATES], b_hh[GATES]; };
struct memory { double loss; struct parameters p, grad; double xs[STEPS][INPUTS], targets[STEPS][HIDDEN]; };

const long size = sizeof(struct memory) / sizeof(double);

void kernel(struct memory *restrict m)
{
    const struct parameters *restrict p = &m->p;
    struct parameters *restrict g = &m->grad;
    double from_x[INPUTS][GATES], from_h[HIDDEN][GATES], gates[STEPS][GATES], dgates[STEPS][GATES];
    double h[STEPS + 1][HIDDEN], c[STEPS + 1][HIDDEN], tanh_c[STEPS][HIDDEN];
    double dh[HIDDEN] = {0}, dc[HIDDEN] = {0}, loss = 0;

    for (int o = 0; o < GATES; o++) {                   /* the weights by columns: the forward pass runs along them */
        for (int i = 0; i < INPUTS; i++)
            from_x[i][o] = p->w_ih[o][i];
        for (int i = 0; i < HIDDEN; i++)
            from_h[i][o] = p->w_hh[o][i];
    }
    memset(h[0], 0, sizeof h[0]);
    memset(c[0], 0, sizeof c[0]);

    for (int t = 0; t < STEPS; t++) {
        double a[GATES], *y = gates[t];
        for (int o = 0; o < GATES; o++)
            a[o] = p->b_ih[o] + p->b_hh[o];
        for (int i = 0; i < INPUTS; i++)
            for (int o = 0; o < GATES; o++)
                a[o] += from_x[i][o] * m->xs[t][i];
        for (int i = 0; i < HIDDEN; i++)
            for (int o = 0; o < GATES; o++)
                a[o] += from_h[i][o] * h[t][i];
        for (int o = 2 * HIDDEN; o < 3 * HIDDEN; o++)   /* tanh(a) = 2 sigmoid(2 a) - 1: one loop for all */
            a[o] *= 2;
        for (int o = 0; o < GATES; o++)
            y[o] = 1 / (1 + exp(-a[o]));
        for (int o = 2 * HIDDEN; o < 3 * HIDDEN; o++)
            y[o] = 2 * y[o] - 1;
        for (int k = 0; k < HIDDEN; k++) {
            c[t + 1][k] = y[HIDDEN + k] * c[t][k] + y[k] * y[2 * HIDDEN + k];
            tanh_c[t][k] = tanh(c[t + 1][k]);
            h[t + 1][k] = y[3 * HIDDEN + k] * tanh_c[t][k];
            double error = h[t + 1][k] - m->targets[t][k];
            loss += error * error;
        }
    }
    m->loss = loss / (STEPS * HIDDEN);

    for (int t = STEPS - 1; t >= 0; t--) {
        const double *enter = gates[t], *forget = enter + HIDDEN, *new = forget + HIDDEN, *out = new + HIDDEN;
        double *d = dgates[t];
        for (int k = 0; k < HIDDEN; k++) {
            dh[k] += 2 * (h[t + 1][k] - m->targets[t][k]) / (STEPS * HIDDEN);
            dc[k] += dh[k] * out[k] * (1 - tanh_c[t][k] * tanh_c[t][k]);
            d[k] = dc[k] * new[k] * enter[k] * (1 - enter[k]);
            d[HIDDEN + k] = dc[k] * c[t][k] * forget[k] * (1 - forget[k]);
            d[2 * HIDDEN + k] = dc[k] * enter[k] * (1 - new[k] * new[k]);
            d[3 * HIDDEN + k] = dh[k] * tanh_c[t][k] * out[k] * (1 - out[k]);
            dc[k] *= forget[k];
        }
        memset(dh, 0, sizeof dh);
        for (int o = 0; o < HIDDEN; o++)                /* a row of each gate: four sums that need not wait */
            for (int k = 0; k < HIDDEN; k++)
                dh[k] += (d[o] * p->w_hh[o][k] + d[HIDDEN + o] * p->w_hh[HIDDEN + o][k])
                         + (d[2 * HIDDEN + o] * p->w_hh[2 * HIDDEN + o][k]
                            + d[3 * HIDDEN + o] * p->w_hh[3 * HIDDEN + o][k]);
    }

    for (int o = 0; o < GATES; o++) {
        double sum = 0, dx[INPUTS] = {0}, dw[HIDDEN] = {0};
        for (int t = 0; t < STEPS; t++) {
            sum += dgates[t][o];
            for (int i = 0; i < INPUTS; i++)
                dx[i] += dgates[t][o] * m->xs[t][i];
            for (int k = 0; k < HIDDEN; k++)
                dw[k] += dgates[t][o] * h[t][k];
        }
        g->b_ih[o] = g->b_hh[o] = sum;
        memcpy(g->w_ih[o], dx, sizeof dx);
        memcpy(g->w_hh[o], dw, sizeof dw);
    }
}
