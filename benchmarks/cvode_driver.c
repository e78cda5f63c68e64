/* Subjects one after another through CVODE: a restart at each dose, outputs by its own interpolation.
   Follows the text that cgen.py writes. The prototypes are those of SUNDIALS 7 with 32-bit indices. */
#include <stdlib.h>
#include <string.h>

typedef void *Handle;
typedef int (*Rates)(double, Handle, Handle, void *);
typedef int (*Jacobian)(double, Handle, Handle, Handle, void *, Handle, Handle, Handle);
int SUNContext_Create(int, Handle *);
int SUNContext_Free(Handle *);
Handle N_VNew_Serial(int, Handle);
double *N_VGetArrayPointer(Handle);
Handle SUNDenseMatrix(int, int, Handle);
double *SUNDenseMatrix_Data(Handle);
Handle SUNLinSol_Dense(Handle, Handle, Handle);
Handle CVodeCreate(int, Handle);
int CVodeInit(Handle, Rates, double, Handle);
int CVodeReInit(Handle, double, Handle);
int CVodeSVtolerances(Handle, double, Handle);
int CVodeSetLinearSolver(Handle, Handle, Handle);
int CVodeSetJacFn(Handle, Jacobian);
int CVodeSetMaxNumSteps(Handle, long);
int CVodeSetMaxHnilWarns(Handle, int);
int CVodeSetUserData(Handle, void *);
int CVodeSetStopTime(Handle, double);
void CVodeFree(Handle *);
int SUNLinSolFree(Handle);
void SUNMatDestroy(Handle);
void N_VDestroy(Handle);
int CVode(Handle, double, Handle, double *, int);
int CVodeGetNumSteps(Handle, long *);

typedef struct {
  const double *p, *q;
} Subject;

static int call_rates(double t, Handle y, Handle dy, void *data) {
  const Subject *s = data;
  rates(t, s->p, s->q, N_VGetArrayPointer(y), N_VGetArrayPointer(dy));
  return 0;
}

static int call_jacobian(double t, Handle y, Handle fy, Handle m, void *data, Handle a, Handle b,
                         Handle c) {
  const Subject *s = data; /* CVODE has set the matrix to zero */
  jacobian(t, s->p, s->q, N_VGetArrayPointer(y), SUNDenseMatrix_Data(m));
  return 0;
}

/* multistep: 1 Adams, 2 BDF. Returns the number of subjects that failed. */
long run_cvode(long subjects, const double *parameters, const long *first, const double *edge_time,
               const long *edge_state, const double *edge_value, const double *times, long count,
               double relative, const double *absolute, int multistep, int analytic, double *out,
               long *steps) {
  Handle context, memory;
  SUNContext_Create(0, &context);
  Handle y = N_VNew_Serial(STATES, context), tolerance = N_VNew_Serial(STATES, context);
  Handle matrix = SUNDenseMatrix(STATES, STATES, context);
  Handle solver = SUNLinSol_Dense(y, matrix, context);
  double *state = N_VGetArrayPointer(y), q[DERIVED];
  memcpy(N_VGetArrayPointer(tolerance), absolute, sizeof(double) * STATES);
  Subject subject = {parameters, q};
  memory = CVodeCreate(multistep, context);
  memset(state, 0, sizeof(double) * STATES);
  CVodeInit(memory, call_rates, 0.0, y);
  CVodeSVtolerances(memory, relative, tolerance);
  CVodeSetLinearSolver(memory, solver, matrix);
  if (analytic) CVodeSetJacFn(memory, call_jacobian);
  CVodeSetMaxNumSteps(memory, 1000000);
  CVodeSetMaxHnilWarns(memory, -1); /* says nothing, in timed runs least of all */
  CVodeSetUserData(memory, &subject);
  const double end = times[count - 1];
  long failed = 0;
  for (long i = 0; i < subjects; i++) {
    const double *p = parameters + i * PARAMETERS;
    double *row = out + i * count * OUTPUTS, t = 0.0;
    long next = 0, edge = first[i], taken;
    subject.p = p;
    prepare(p, q);
    start(0.0, p, q, state, state);
    while (next < count && times[next] <= t) outputs(t, p, q, state, row + next++ * OUTPUTS);
    while (t < end) {
      for (; edge < first[i + 1] && edge_time[edge] <= t; edge++)
        state[edge_state[edge]] += edge_value[edge];
      double stop = edge < first[i + 1] && edge_time[edge] < end ? edge_time[edge] : end;
      CVodeReInit(memory, t, y);
      CVodeSetStopTime(memory, stop);
      int flag = 0;
      for (; next < count && times[next] <= stop && flag >= 0; next++) {
        flag = CVode(memory, times[next], y, &t, 1);
        outputs(t, p, q, state, row + next * OUTPUTS);
      }
      if (flag >= 0 && t < stop) flag = CVode(memory, stop, y, &t, 1);
      CVodeGetNumSteps(memory, &taken);
      *steps += taken;
      if (flag < 0) {
        failed++;
        break;
      }
    }
  }
  CVodeFree(&memory);
  SUNLinSolFree(solver);
  SUNMatDestroy(matrix);
  N_VDestroy(tolerance);
  N_VDestroy(y);
  SUNContext_Free(&context);
  return failed;
}
