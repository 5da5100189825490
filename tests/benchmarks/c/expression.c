/* W1: the expression of micrograd's README and its gradient by a and b. */
struct memory { double loss, a, b, da, db; };

const long size = sizeof(struct memory) / sizeof(double);

void kernel(struct memory *m)
{
    double a = m->a, b = m->b;
    double up = a + b > 0, down = b - a > 0;            /* the slopes of the two relus */

    double c = 4 * (a + b) + 3 - a;                     /* c = a + b; c += c + 1; c += 1 + c + (-a) */
    double d = 12 * (a * b + b * b * b) + 4 * up * (a + b) + down * (b - a);
    double e = c - d, f = e * e;
    m->loss = f / 2 + 10 / f;

    double de = (0.5 - 10 / (f * f)) * 2 * e;
    m->da = de * (3 - (12 * b + 4 * up - down));
    m->db = de * (4 - (12 * (a + 3 * b * b) + 4 * up + down));
}
