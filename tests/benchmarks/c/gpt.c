/* W6: one step of training the GPT of Karpathy's microgpt on BATCH names, mean cross entropy, Adam included. */
#include <string.h>
#include <tgmath.h>

#ifndef REAL
#define REAL double
#endif
#ifndef BATCH
#define BATCH 1
#endif

#ifndef NAMES
#define NAMES 1000
#endif
#define LETTERS 27
#define CONTEXT 16
#define WIDTH 16
#define HEADS 4
#define HEAD (WIDTH / HEADS)
#define INNER (4 * WIDTH)
typedef REAL real;

struct parameters {
    real wte[LETTERS][WIDTH], wpe[CONTEXT][WIDTH], qkv[3 * WIDTH][WIDTH], out[WIDTH][WIDTH];
    real fc1[INNER][WIDTH], fc2[WIDTH][INNER], head[LETTERS][WIDTH];
};
struct memory {
    real loss;
    struct parameters p, grad;
    real done, steps, lr, b1, b2, eps;                /* steps taken, steps in all; of Adam */
    real names[NAMES][CONTEXT + 2];                   /* of each its length, then its letters and the end */
    struct parameters m, v;                             /* Adam's running means of the gradient and of its square */
};

const long size = sizeof(struct memory) / sizeof(real);

/* y = w x for each of n rows x */
static inline void linear(int n, int outputs, int inputs, const real *restrict w, const real *restrict x,
                          real *restrict y)
{
    real turned[inputs * outputs];                    /* by columns: the loop below runs along them */
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i++)
            turned[i * outputs + o] = w[o * inputs + i];
    for (int t = 0; t < n; t++) {
        real sum[outputs];
        memset(sum, 0, sizeof sum);
        for (int i = 0; i < inputs; i++)
            for (int o = 0; o < outputs; o++)
                sum[o] += turned[i * outputs + o] * x[t * inputs + i];
        memcpy(y + t * outputs, sum, sizeof sum);
    }
}

/* dw = the sum of dy x^T over all rows, in a batch added to what is there; dx = w^T dy */
static inline void linear_back(int n, int outputs, int inputs, const real *restrict w, const real *restrict x,
                               const real *restrict dy, real *restrict dw, real *restrict dx)
{
    for (int o = 0; o < outputs; o++) {
        real sum[inputs];
        if (BATCH > 1)
            memcpy(sum, dw + o * inputs, sizeof sum);
        else
            memset(sum, 0, sizeof sum);
        for (int t = 0; t < n; t++)
            for (int i = 0; i < inputs; i++)
                sum[i] += dy[t * outputs + o] * x[t * inputs + i];
        memcpy(dw + o * inputs, sum, sizeof sum);
    }
    for (int t = 0; t < n; t++) {
        real sum[inputs];
        memset(sum, 0, sizeof sum);
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                sum[i] += dy[t * outputs + o] * w[o * inputs + i];
        memcpy(dx + t * inputs, sum, sizeof sum);
    }
}

/* y = x / root of (mean square + 1e-5), row by row; kept: that factor */
static inline void norm(int n, const real (*restrict x)[WIDTH], real (*restrict y)[WIDTH], real *restrict scale)
{
    for (int t = 0; t < n; t++) {
        real squares = 0;
        for (int i = 0; i < WIDTH; i++)
            squares += x[t][i] * x[t][i];
        scale[t] = 1 / sqrt(squares / WIDTH + (real)1e-5);
        for (int i = 0; i < WIDTH; i++)
            y[t][i] = x[t][i] * scale[t];
    }
}

/* dx += what dy makes of it */
static inline void norm_back(int n, const real (*restrict y)[WIDTH], const real *restrict scale,
                             const real (*restrict dy)[WIDTH], real (*restrict dx)[WIDTH])
{
    for (int t = 0; t < n; t++) {
        real along = 0;
        for (int i = 0; i < WIDTH; i++)
            along += dy[t][i] * y[t][i];
        for (int i = 0; i < WIDTH; i++)
            dx[t][i] += scale[t] * (dy[t][i] - y[t][i] * along / WIDTH);
    }
}

static real gradient(int n, const int *restrict letters, const struct parameters *restrict p,
                       struct parameters *restrict g)
{
    real x0[CONTEXT][WIDTH], x[CONTEXT][WIDTH], y[CONTEXT][WIDTH], qkv[CONTEXT][3 * WIDTH];
    real shares[HEADS][CONTEXT][CONTEXT], mixed[CONTEXT][WIDTH], x2[CONTEXT][WIDTH], y2[CONTEXT][WIDTH];
    real inner[CONTEXT][INNER], x3[CONTEXT][WIDTH], logits[CONTEXT][LETTERS];
    real scale0[CONTEXT], scale[CONTEXT], scale2[CONTEXT], loss = 0;
    const real shrink = 1 / sqrt(HEAD);

    for (int t = 0; t < n; t++)
        for (int i = 0; i < WIDTH; i++)
            x0[t][i] = p->wte[letters[t]][i] + p->wpe[t][i];
    norm(n, x0, x, scale0);
    norm(n, x, y, scale);
    linear(n, 3 * WIDTH, WIDTH, p->qkv[0], y[0], qkv[0]);
    for (int t = 0; t < n; t++)
        for (int h = 0; h < HEADS; h++) {
            const real *q = qkv[t] + h * HEAD;
            real *share = shares[h][t], sum = 0, taken[HEAD] = {0};
            real most = -1e30;
            for (int s = 0; s <= t; s++) {
                const real *k = qkv[s] + WIDTH + h * HEAD;
                share[s] = 0;
                for (int i = 0; i < HEAD; i++)
                    share[s] += q[i] * k[i];
                share[s] *= shrink;
                most = share[s] > most ? share[s] : most;
            }
            for (int s = 0; s <= t; s++)
                sum += share[s] = exp(share[s] - most);
            for (int s = 0; s <= t; s++) {
                share[s] /= sum;
                for (int i = 0; i < HEAD; i++)
                    taken[i] += share[s] * qkv[s][2 * WIDTH + h * HEAD + i];
            }
            memcpy(mixed[t] + h * HEAD, taken, sizeof taken);
        }
    linear(n, WIDTH, WIDTH, p->out[0], mixed[0], x2[0]);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < WIDTH; i++)
            x2[t][i] += x[t][i];
    norm(n, x2, y2, scale2);
    linear(n, INNER, WIDTH, p->fc1[0], y2[0], inner[0]);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < INNER; i++)
            inner[t][i] = inner[t][i] > 0 ? inner[t][i] : 0;
    linear(n, WIDTH, INNER, p->fc2[0], inner[0], x3[0]);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < WIDTH; i++)
            x3[t][i] += x2[t][i];
    linear(n, LETTERS, WIDTH, p->head[0], x3[0], logits[0]);

    for (int t = 0; t < n; t++) {                       /* from here logits become their gradient */
        real most = -1e30, sum = 0, right = logits[t][letters[t + 1]];
        for (int i = 0; i < LETTERS; i++)
            most = logits[t][i] > most ? logits[t][i] : most;
        for (int i = 0; i < LETTERS; i++)
            sum += logits[t][i] = exp(logits[t][i] - most);
        loss += log(sum) + most - right;
        for (int i = 0; i < LETTERS; i++)
            logits[t][i] = (logits[t][i] / sum - (i == letters[t + 1])) / (n * BATCH);
    }

    real dx[CONTEXT][WIDTH], dy[CONTEXT][WIDTH], dinner[CONTEXT][INNER], dqkv[CONTEXT][3 * WIDTH];
    linear_back(n, LETTERS, WIDTH, p->head[0], x3[0], logits[0], g->head[0], dx[0]);
    linear_back(n, WIDTH, INNER, p->fc2[0], inner[0], dx[0], g->fc2[0], dinner[0]);
    for (int t = 0; t < n; t++)
        for (int i = 0; i < INNER; i++)
            dinner[t][i] = inner[t][i] > 0 ? dinner[t][i] : 0;
    linear_back(n, INNER, WIDTH, p->fc1[0], y2[0], dinner[0], g->fc1[0], dy[0]);
    norm_back(n, y2, scale2, dy, dx);
    linear_back(n, WIDTH, WIDTH, p->out[0], mixed[0], dx[0], g->out[0], dy[0]);
    memset(dqkv, 0, sizeof dqkv);
    for (int t = 0; t < n; t++)
        for (int h = 0; h < HEADS; h++) {
            const real *q = qkv[t] + h * HEAD, *share = shares[h][t], *d = dy[t] + h * HEAD;
            real dshare[CONTEXT], along = 0;
            for (int s = 0; s <= t; s++) {
                dshare[s] = 0;
                for (int i = 0; i < HEAD; i++) {
                    dshare[s] += d[i] * qkv[s][2 * WIDTH + h * HEAD + i];
                    dqkv[s][2 * WIDTH + h * HEAD + i] += share[s] * d[i];
                }
                along += share[s] * dshare[s];
            }
            for (int s = 0; s <= t; s++) {
                const real *k = qkv[s] + WIDTH + h * HEAD, a = share[s] * (dshare[s] - along) * shrink;
                for (int i = 0; i < HEAD; i++) {
                    dqkv[t][h * HEAD + i] += a * k[i];
                    dqkv[s][WIDTH + h * HEAD + i] += a * q[i];
                }
            }
        }
    linear_back(n, 3 * WIDTH, WIDTH, p->qkv[0], y[0], dqkv[0], g->qkv[0], dy[0]);
    norm_back(n, y, scale, dy, dx);
    real dx0[CONTEXT][WIDTH] = {0};
    norm_back(n, x, scale0, dx, dx0);
    if (BATCH == 1) {
        memset(g->wte, 0, sizeof g->wte);
        memset(g->wpe, 0, sizeof g->wpe);
    }
    for (int t = 0; t < n; t++)
        for (int i = 0; i < WIDTH; i++) {
            g->wte[letters[t]][i] += dx0[t][i];
            g->wpe[t][i] += dx0[t][i];
        }
    return loss / n;
}

static void adam(struct memory *restrict m)
{
    const real lr = m->lr * (1 - m->done / m->steps), b1 = m->b1, b2 = m->b2, eps = m->eps;
    const real start1 = 1 - pow(b1, m->done + 1), start2 = 1 - pow(b2, m->done + 1);
    real *restrict p = (real *)&m->p, *restrict first = (real *)&m->m, *restrict second = (real *)&m->v;
    const real *restrict g = (real *)&m->grad;
    for (unsigned i = 0; i < sizeof m->p / sizeof(real); i++) {
        first[i] = b1 * first[i] + (1 - b1) * g[i];
        second[i] = b2 * second[i] + (1 - b2) * g[i] * g[i];
        p[i] -= lr * (first[i] / start1) / (sqrt(second[i] / start2) + eps);
    }
}

void kernel(struct memory *restrict m)
{
    m->loss = 0;
    if (BATCH > 1)
        memset(&m->grad, 0, sizeof m->grad);
    for (int k = 0; k < BATCH; k++) {
        const real *name = m->names[(int)m->done * BATCH + k];
        int letters[CONTEXT + 1], n = name[0];
        for (int i = 0; i <= n; i++)
            letters[i] = name[1 + i];
        m->loss += gradient(n, letters, &m->p, &m->grad) / BATCH;
    }
    adam(m);
    m->done += 1;
}
