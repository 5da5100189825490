/* W5: cross entropy of LeNet-5 for one image of 28 x 28 pixels, and its gradient by all 61,706 parameters. */
#include <math.h>
#include <string.h>

struct parameters {
    double w1[6][1][5][5], b1[6], w2[16][6][5][5], b2[16];
    double w3[120][400], b3[120], w4[84][120], b4[84], w5[10][84], b5[10];
};
struct memory { double loss; struct parameters p, grad; double pixels[28][28], target; };

const long size = sizeof(struct memory) / sizeof(double);

/* Layers over lists of any length; inlined, so that the compiler sees the lengths ---------------------------------- */

/* y = w x + b */
static inline void linear(int outputs, int inputs, const double *restrict w, const double *restrict b,
                          const double *restrict x, double *restrict y)
{
    for (int o = 0; o < outputs; o++) {
        double sum = 0;
        for (int i = 0; i < inputs; i++)
            sum += w[o * inputs + i] * x[i];
        y[o] = sum + b[o];
    }
}

/* dw = dy x^T, db = dy, dx = w^T dy */
static inline void linear_back(int outputs, int inputs, const double *restrict w, const double *restrict x,
                               const double *restrict dy, double *restrict dw, double *restrict db,
                               double *restrict dx)
{
    memset(dx, 0, inputs * sizeof *dx);
    for (int o = 0; o < outputs; o++) {
        db[o] = dy[o];
        for (int i = 0; i < inputs; i++) {
            dw[o * inputs + i] = dy[o] * x[i];
            dx[i] += dy[o] * w[o * inputs + i];
        }
    }
}

/* y = b + the sum over channels c and places k of w[.][c][k] times x[c] moved by k */
static inline void convolution(int outputs, int channels, int width, const double *restrict w,
                               const double *restrict b, const double *restrict x, double *restrict y)
{
    const int wide = width + 4;
    for (int o = 0; o < outputs; o++)
        for (int row = 0; row < width; row++) {
            double sum[28];
            for (int col = 0; col < width; col++)
                sum[col] = b[o];
            for (int c = 0; c < channels; c++)
                for (int i = 0; i < 5; i++)
                    for (int j = 0; j < 5; j++) {
                        const double weight = w[((o * channels + c) * 5 + i) * 5 + j];
                        const double *from = x + (c * wide + row + i) * wide + j;
                        for (int col = 0; col < width; col++)
                            sum[col] += weight * from[col];
                    }
            for (int col = 0; col < width; col++)
                y[(o * width + row) * width + col] = sum[col];
        }
}

static inline void convolution_back(int outputs, int channels, int width, const double *restrict x,
                                    const double *restrict dy, double *restrict dw, double *restrict db)
{
    const int wide = width + 4;
    for (int o = 0; o < outputs; o++) {
        const double *d = dy + o * width * width;
        db[o] = 0;
        for (int n = 0; n < width * width; n++)
            db[o] += d[n];
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < 5; j++) {
                    double sum = 0;
                    for (int row = 0; row < width; row++)
                        for (int col = 0; col < width; col++)
                            sum += d[row * width + col] * x[(c * wide + row + i) * wide + col + j];
                    dw[((o * channels + c) * 5 + i) * 5 + j] = sum;
                }
    }
}

static inline void convolution_inputs(int outputs, int channels, int width, const double *restrict w,
                                      const double *restrict dy, double *restrict dx)
{
    const int wide = width + 4, places = width * width;
    memset(dx, 0, channels * wide * wide * sizeof *dx);
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++) {
                double sum[100] = {0};                  /* over all outputs first: dx is touched once */
                for (int o = 0; o < outputs; o++)
                    for (int n = 0; n < places; n++)
                        sum[n] += w[((o * channels + c) * 5 + i) * 5 + j] * dy[o * places + n];
                for (int row = 0; row < width; row++)
                    for (int col = 0; col < width; col++)
                        dx[(c * wide + row + i) * wide + col + j] += sum[row * width + col];
            }
}

static inline void tanhs(int n, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] = tanh(x[i]);
}

/* dy becomes dx */
static inline void tanhs_back(int n, const double *restrict y, double *restrict d)
{
    for (int i = 0; i < n; i++)
        d[i] *= 1 - y[i] * y[i];
}

/* The largest of each 2 x 2, and where it was */
static inline void pool(int channels, int width, const double *restrict x, double *restrict y, int *restrict place)
{
    const int half = width / 2;
    for (int n = 0; n < channels * half; n++)
        for (int col = 0; col < half; col++) {
            int best = 2 * n * width + 2 * col;
            for (int k = 1; k < 4; k++) {
                int other = (2 * n + k / 2) * width + 2 * col + k % 2;
                best = x[other] > x[best] ? other : best;
            }
            y[n * half + col] = x[best];
            place[n * half + col] = best;
        }
}

static inline void pool_back(int n, int inputs, const double *restrict dy, const int *restrict place,
                             double *restrict dx)
{
    memset(dx, 0, inputs * sizeof *dx);
    for (int i = 0; i < n; i++)
        dx[place[i]] = dy[i];
}

/* The network ------------------------------------------------------------------------------------------------------ */

void kernel(struct memory *restrict m)
{
    const struct parameters *restrict p = &m->p;
    struct parameters *restrict g = &m->grad;
    static double x[32][32], a[6][28][28], b[6][14][14], c[16][10][10], d[400], e[120], f[84], y[10];
    static double da[6][28][28], db[6][14][14], dc[16][10][10], dd[400], de[120], df[84], dy[10];
    static int from_a[6 * 14 * 14], from_c[400];

    for (int i = 0; i < 28; i++)
        memcpy(&x[i + 2][2], m->pixels[i], sizeof m->pixels[i]);
    convolution(6, 1, 28, &p->w1[0][0][0][0], p->b1, &x[0][0], &a[0][0][0]);
    tanhs(6 * 28 * 28, &a[0][0][0]);
    pool(6, 28, &a[0][0][0], &b[0][0][0], from_a);
    convolution(16, 6, 10, &p->w2[0][0][0][0], p->b2, &b[0][0][0], &c[0][0][0]);
    tanhs(16 * 10 * 10, &c[0][0][0]);
    pool(16, 10, &c[0][0][0], d, from_c);
    linear(120, 400, &p->w3[0][0], p->b3, d, e);
    tanhs(120, e);
    linear(84, 120, &p->w4[0][0], p->b4, e, f);
    tanhs(84, f);
    linear(10, 84, &p->w5[0][0], p->b5, f, y);

    const int target = m->target;
    double most = y[0], sum = 0;
    for (int i = 1; i < 10; i++)
        most = y[i] > most ? y[i] : most;
    for (int i = 0; i < 10; i++)
        sum += dy[i] = exp(y[i] - most);
    m->loss = most + log(sum) - y[target];
    for (int i = 0; i < 10; i++)
        dy[i] = dy[i] / sum - (i == target);

    linear_back(10, 84, &p->w5[0][0], f, dy, &g->w5[0][0], g->b5, df);
    tanhs_back(84, f, df);
    linear_back(84, 120, &p->w4[0][0], e, df, &g->w4[0][0], g->b4, de);
    tanhs_back(120, e, de);
    linear_back(120, 400, &p->w3[0][0], d, de, &g->w3[0][0], g->b3, dd);
    pool_back(400, 1600, dd, from_c, &dc[0][0][0]);
    tanhs_back(1600, &c[0][0][0], &dc[0][0][0]);
    convolution_back(16, 6, 10, &b[0][0][0], &dc[0][0][0], &g->w2[0][0][0][0], g->b2);
    convolution_inputs(16, 6, 10, &p->w2[0][0][0][0], &dc[0][0][0], &db[0][0][0]);
    pool_back(6 * 14 * 14, 6 * 28 * 28, &db[0][0][0], from_a, &da[0][0][0]);
    tanhs_back(6 * 28 * 28, &a[0][0][0], &da[0][0][0]);
    convolution_back(6, 1, 28, &x[0][0], &da[0][0][0], &g->w1[0][0][0][0], g->b1);
}
