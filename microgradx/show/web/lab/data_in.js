// What Python wrote for the lab: the language of expressions, formulas, gains, a model with its data.

const {
  language: LANGUAGE,
  rules,
  kinked,
  gains: GAINS,
  losses: LOSS_GRAPHS,
  given: GIVEN,
} = JSON.parse(byId("data").textContent);
const KINKED = new Set(kinked);                         // rows with kinks
