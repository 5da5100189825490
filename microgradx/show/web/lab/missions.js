// Missions: a question to answer first, a network to try it on, and what there is to see. Each has a link of its own.

const MOONS = {
  data: "moons",
  layers: [
    {units: 8, act: "tanh"},
    {units: 8, act: "tanh"},
  ],
  init: "xavier",
  optimiser: "adam",
  rate: 0.03,
};
const six = (act, init) => ({...MOONS, layers: Array(6).fill({units: 8, act}), init, optimiser: "sgd", rate: 0.5});
const MISSIONS = {
  line: {
    title: "A perceptron and xor",
    config: {data: "xor", layers: [], optimiser: "sgd", rate: 0.3, noise: 0},
    ask: "Without a hidden layer the boundary is a line. How many of the four corners can it get right?",
    see:
      "Play. About half of the points stay wrong, at any rate: no line has both blue corners on one side. " +
      "Add one layer of 4 units, and play again.",
  },
  vanish: {
    title: "Gradients that vanish",
    config: six("sigmoid", "xavier"),
    ask: "Six sigmoid layers: how large will the gradient of the first layer be beside that of the last?",
    see:
      "Look at the bars under the layers: each sigmoid passes on at most a quarter. Cure it twice: with " +
      "tanh, then with relu and Kaiming.",
  },
  dead: {
    title: "Kill a ReLU, revive it",
    config: {...MOONS, layers: [{units: 6, act: "relu"}], init: "kaiming", optimiser: "sgd", rate: 8},
    ask: "The rate is far too large. What will a ReLU look like that no point reaches any more?",
    see:
      "Step a few updates: units are named dead, their map is one colour. No gradient reaches them, so no " +
      "rate can revive them; leaky_relu in their place can.",
  },
  zeros: {
    title: "Zeros as first weights",
    config: {...MOONS, init: "zeros", optimiser: "sgd", rate: 0.3},
    ask: "All weights start at 0. Which of them will move?",
    see:
      "Only the output's bias moves: behind weights of 0 no unit gets a gradient, and all units of a layer " +
      "stay equal. That is why weights are drawn at random.",
  },
  diverge: {
    title: "A rate that diverges",
    config: {
      data: "curve",
      layers: [{units: 6, act: "tanh"}],
      init: "xavier",
      optimiser: "sgd",
      rate: 1.5,
      loss: "squared",
    },
    ask: "At a rate of 0.1 the loss falls. What will it do at 1.5?",
    see:
      "Step by step the loss jumps up and down, or grows. Halve the rate until it falls: the steepest " +
      "direction decides.",
  },
  saddle: {
    title: "A saddle",
    config: {
      data: "xor",
      layers: [{units: 2, act: "tanh"}],
      init: "xavier",
      optimiser: "sgd",
      rate: 0.05,
      noise: 0,
      seed: 8,
    },
    ask: "Two units can solve xor. Will plain descent with small steps find it at once?",
    see:
      "The loss stays on a plateau, where the gradient is nearly 0, and then falls. Momentum or Adam leave " +
      "the plateau sooner: try both.",
  },
  mazur: {
    title: "Mazur's network, to the digit",
    expression: "mazur",
    ask: "Matt Mazur's article trains a 2-2-2 network by hand. Which number does it give for the total error?",
    see:
      "0.298371109. Show all gradients: w5's is 0.082167041. One step down at rate 0.5 makes w5 0.35891648," +
      " as in the article.",
  },
};

function showMissions() {
  byId("missions").replaceChildren(
    ...Object.entries(MISSIONS).map(([key, {title}]) => {
      const link = element("button", {}, title);
      link.addEventListener("click", () => {
        openMission(key);
        byId("mission-see").focus();
      });
      return element("li", {}, link);
    }),
  );
  byId("mission-see").addEventListener("click", () => {
    byId("mission-answer").hidden = false;
    byId("mission-close").focus();
    byId("mission-see").hidden = true;
  });
}

function openMission(key) {
  const {title, ask, see, config, expression} = MISSIONS[key];
  if (expression) {
    openView("expression");
    choosePreset(expression);
  } else {
    openView("network");
    alter({config: {...CONFIG, ...config}, playing: false, message: "", unit: null});
    start();                                            // from its first weights, also when it is opened again
  }
  alter({mission: key});
  write(byId("mission-title"), title);
  write(byId("mission-ask"), ask);
  write(byId("mission-answer"), see);
  byId("mission-answer").hidden = true;
  byId("mission-see").hidden = false;
  byId("mission-card").hidden = false;
  share();
}
