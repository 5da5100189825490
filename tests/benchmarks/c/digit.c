/* W4: squared error of an MLP PIXELS-50-10 for one image, target 0, and its gradient by all parameters. */
#include <string.h>

#ifndef PIXELS
#define PIXELS 784
#endif
#define UNITS 50
#define DIGITS 10
#define ROWS 5

struct parameters { double w1[UNITS][PIXELS], b1[UNITS], w2[DIGITS][UNITS], b2[DIGITS]; };
struct memory { double loss; struct parameters p, grad; double pixels[PIXELS]; };

const long size = sizeof(struct memory) / sizeof(double);

void kernel(struct memory *restrict m)
{
    const struct parameters *restrict p = &m->p;
    struct parameters *restrict g = &m->grad;
    double h[UNITS], dh[UNITS] = {0}, loss = 0;

    for (int o = 0; o < UNITS; o += ROWS) {             /* some rows at once: their sums do not wait for one another */
        double a[ROWS] = {0};
        for (int i = 0; i < PIXELS; i++)
            for (int r = 0; r < ROWS; r++)
                a[r] += p->w1[o + r][i] * m->pixels[i];
        for (int r = 0; r < ROWS; r++)
            h[o + r] = a[r] + p->b1[o + r] > 0 ? a[r] + p->b1[o + r] : 0;
    }
    for (int o = 0; o < DIGITS; o++) {
        double y = 0;
        for (int i = 0; i < UNITS; i++)
            y += p->w2[o][i] * h[i];
        double error = y + p->b2[o] - (o == 0);
        loss += error * error;
        g->b2[o] = 2 * error;
        for (int i = 0; i < UNITS; i++) {
            g->w2[o][i] = 2 * error * h[i];
            dh[i] += 2 * error * p->w2[o][i];
        }
    }
    for (int o = 0; o < UNITS; o++) {
        double d = h[o] > 0 ? dh[o] : 0;
        g->b1[o] = d;
        if (d == 0)
            memset(g->w1[o], 0, sizeof g->w1[o]);
        else
            for (int i = 0; i < PIXELS; i++)
                g->w1[o][i] = d * m->pixels[i];
    }
    m->loss = loss;
}
