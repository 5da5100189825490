/* W3: one training step of an MLP 2-16-16-1 on POINTS points: max-margin loss, L2 penalty, gradient descent. */
#include <string.h>

#ifndef POINTS
#define POINTS 100
#endif
#define UNITS 16

struct parameters { double w1[UNITS][2], b1[UNITS], w2[UNITS][UNITS], b2[UNITS], w3[UNITS], b3; };
struct memory { double loss; struct parameters p, grad; double points[POINTS][2], labels[POINTS]; };

const long size = sizeof(struct memory) / sizeof(double);
static const double decay = 1e-4, rate = 0.1;

void kernel(struct memory *restrict m)
{
    struct parameters *restrict p = &m->p, *restrict g = &m->grad;
    double turned[UNITS][UNITS];                        /* w2 by columns: both passes then run along rows */
    for (int i = 0; i < UNITS; i++)
        for (int o = 0; o < UNITS; o++)
            turned[i][o] = p->w2[o][i];
    memset(g, 0, sizeof *g);
    double loss = 0;

    for (int n = 0; n < POINTS; n++) {
        const double x = m->points[n][0], y = m->points[n][1], label = m->labels[n];
        double h1[UNITS], h2[UNITS], score = p->b3;
        for (int o = 0; o < UNITS; o++) {
            double a = p->b1[o] + p->w1[o][0] * x + p->w1[o][1] * y;
            h1[o] = a > 0 ? a : 0;
        }
        for (int o = 0; o < UNITS; o++)
            h2[o] = p->b2[o];
        for (int i = 0; i < UNITS; i++)
            for (int o = 0; o < UNITS; o++)
                h2[o] += turned[i][o] * h1[i];
        for (int o = 0; o < UNITS; o++) {
            h2[o] = h2[o] > 0 ? h2[o] : 0;
            score += p->w3[o] * h2[o];
        }
        double margin = 1 - label * score;
        if (margin <= 0)
            continue;                                   /* far enough on the right side: no loss, no gradient */
        loss += margin;

        double dscore = -label / POINTS, d1[UNITS] = {0};
        g->b3 += dscore;
        for (int o = 0; o < UNITS; o++) {
            g->w3[o] += dscore * h2[o];
            if (h2[o] <= 0)
                continue;
            double d2 = dscore * p->w3[o];
            g->b2[o] += d2;
            for (int i = 0; i < UNITS; i++) {
                g->w2[o][i] += d2 * h1[i];
                d1[i] += d2 * p->w2[o][i];
            }
        }
        for (int i = 0; i < UNITS; i++) {
            double d = h1[i] > 0 ? d1[i] : 0;
            g->b1[i] += d;
            g->w1[i][0] += d * x;
            g->w1[i][1] += d * y;
        }
    }

    double squares = 0, *all = (double *)p, *grads = (double *)g;
    for (unsigned i = 0; i < sizeof *p / sizeof(double); i++) {
        squares += all[i] * all[i];
        grads[i] += 2 * decay * all[i];
        all[i] -= rate * grads[i];
    }
    m->loss = loss / POINTS + decay * squares;
}
