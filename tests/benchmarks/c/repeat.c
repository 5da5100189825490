/* Run a kernel many times without coming back: what is timed is the kernel and one indirect call, 1 to 2 ns. */
void repeat(void (*kernel)(double *), double *memory, long runs)
{
    for (long i = 0; i < runs; i++)
        kernel(memory);
}
