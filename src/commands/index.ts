import type { Commands } from './command.js';

/** The commands, in the order of `cnn --help`. */
export const commands: Commands = [
  {
    name: 'train',
    places: ['arch', 'data'],
    summary: 'Train a network and evaluate it after each epoch',
    options: 'train',
    example: 'cnn train lenet5 mnist',
    load: async () => {
      const { runTrainOrVerify } = await import('./verify-resume/command.js');
      return runTrainOrVerify;
    },
  },
  {
    name: 'launch',
    passes: 'train ...',
    summary: 'Train on several processes of this machine, and start them again where one dies',
    options: 'launch',
    example: 'cnn launch -n 2 -- train lenet5 mnist',
    load: async () => {
      const { runLaunch } = await import('./launch.js');
      return (given) => runLaunch(given);
    },
  },
  {
    name: 'finetune',
    places: ['data'],
    summary:
      'From a folder of class folders to a fine-tuned network, its evaluation and its report',
    options: 'finetune',
    example: 'cnn finetune photos --weights resnet18.safetensors',
    load: async () => {
      const { runFinetune } = await import('./finetune/finetune.js');
      return (given) => runFinetune(given);
    },
  },
  {
    name: 'eval',
    places: ['checkpoint', 'data'],
    summary: 'Evaluate a checkpoint on the validation set',
    options: 'eval',
    example: 'cnn eval runs/lenet5 mnist',
    load: async () => {
      const { runEval } = await import('./eval.js');
      return (given) => runEval(given);
    },
  },
  {
    name: 'smoke',
    operands: '[names..]',
    summary: 'Train networks for a few steps and check all that a training must do, for CI',
    options: 'smoke',
    example: 'cnn smoke resnet18 vgg11 --junit smoke.xml',
    load: async () => (await import('./smoke/command.js')).runSmoke,
  },
  {
    name: 'rerun',
    places: ['checkpoint'],
    summary: 'Train again with the settings of a run, but for those that are given',
    options: 'rerun',
    example: 'cnn rerun runs/lenet5 --seed 1',
    load: async () => {
      const { runRerun } = await import('./rerun.js');
      return (given) => runRerun(given);
    },
  },
  {
    name: 'diff',
    operands: '<runs..>',
    summary: 'Say in what two runs differ: settings, versions, hardware, data, results',
    options: 'diff',
    example: 'cnn diff runs/lenet5 runs/lenet5-2',
    load: async () => (await import('./diff.js')).runDiff,
  },
  {
    name: 'compare',
    operands: '<runs..>',
    summary: 'Say whether one of two networks, or ensembles RUN+RUN, is better by more than chance',
    options: 'compare',
    example: 'cnn compare runs/resnet18 runs/resnet34',
    load: async () => {
      const { runCompare } = await import('./compare.js');
      return (given) => runCompare(given);
    },
  },
  {
    name: 'report',
    operands: '[runs..]',
    summary: 'Write a page of runs that opens in a browser without a network',
    options: 'report',
    example: 'cnn report runs/lenet5',
    load: async () => {
      const { runReport } = await import('./report.js');
      return (given) => runReport(given);
    },
  },
  {
    name: 'predict',
    places: ['checkpoint'],
    operands: '<images..>',
    summary: 'Name the classes of images',
    options: 'predict',
    example: 'cnn predict runs/lenet5 digit.png',
    load: async () => {
      const { runPredict } = await import('./predict.js');
      return (given) => runPredict(given);
    },
  },
  {
    name: 'export',
    places: ['checkpoint'],
    summary: 'Write the weights of a run or a weights file for PyTorch, ONNX or TensorFlow.js',
    options: 'export',
    example: 'cnn export runs/resnet50 --output resnet50.safetensors',
    load: async () => (await import('./export.js')).runExport,
  },
  {
    name: 'demo',
    places: ['checkpoint'],
    summary: 'Write a page that runs a trained network in a browser and shows what it sees',
    options: 'demo',
    example: 'cnn demo runs/lenet5 --out lenet5-demo',
    load: async () => {
      const { runDemo } = await import('./demo.js');
      return (given) => runDemo(given);
    },
  },
  {
    name: 'import',
    operands: '<file>',
    summary: 'Write weights of Keras, timm or torchvision under the names that are used here',
    options: 'import',
    example: 'cnn import resnet50.h5 --arch resnet50 --output resnet50.safetensors',
    load: async () => (await import('./import.js')).runImport,
  },
  {
    name: 'archs',
    operands: '[names..]',
    summary: 'List the networks, or those of a family',
    options: null,
    example: 'cnn archs resnet',
    load: async () => (await import('./archs.js')).runArchs,
  },
  {
    name: 'summary',
    places: ['arch'],
    summary: 'Show the layers of a network: shapes, memory, parameters, multiply-adds',
    options: 'summary',
    example: 'cnn summary vgg16 --batch-size 32',
    load: async () => (await import('./summary/summary.js')).runSummary,
  },
  {
    name: 'explain',
    places: ['arch'],
    summary: "Show a network as its paper's table does, draw it, and say what differs",
    options: 'explain',
    example: 'cnn explain resnet50 --html resnet50.html',
    load: async () => (await import('./explain/explain.js')).runExplain,
  },
  {
    name: 'data',
    summary: 'Look into datasets',
    members: [
      {
        name: 'check',
        places: ['data'],
        summary:
          'Recognise the layout of a dataset, count it and list all findings; changes nothing',
        options: 'data-check',
        example: 'cnn data check /data/imagenet',
        load: async () => (await import('./data/check.js')).runDataCheck,
      },
      {
        name: 'verify',
        places: ['data'],
        summary: 'Decode every image and list those that cannot be read',
        options: 'data-verify',
        example: 'cnn data verify /data/imagenet --out bad-images.csv',
        load: async () => (await import('./data/verify.js')).runDataVerify,
      },
      {
        name: 'suspects',
        places: ['checkpoint'],
        summary: 'Name images whose labels look wrong to a trained network',
        options: 'data-suspects',
        example: 'cnn data suspects runs/resnet50 --out suspects.csv',
        load: async () => (await import('./data/suspects.js')).runDataSuspects,
      },
      {
        name: 'pack',
        places: ['data'],
        summary: 'Write small JPEGs of all images into WebDataset shards, which load faster',
        options: 'data-pack',
        example: 'cnn data pack /data/imagenet --out /data/imagenet-256',
        load: async () => (await import('./data/pack.js')).runDataPack,
      },
      {
        name: 'stats',
        places: ['data'],
        summary: 'Measure mean, deviation and principal colours of the training images',
        options: 'data-stats',
        example: 'cnn data stats fashion-mnist',
        load: async () => (await import('./data/stats.js')).runDataStats,
      },
      {
        name: 'preview',
        places: ['arch', 'data'],
        summary: 'Draw training images as a network sees them, with their labels',
        options: 'data-preview',
        example: 'cnn data preview alexnet synthetic --out preview.png',
        load: async () => (await import('./data/preview.js')).runDataPreview,
      },
    ],
  },
  {
    name: 'bench',
    summary: 'Measure speed',
    members: [
      {
        name: 'train',
        places: ['arch', 'data'],
        summary: 'Measure the speed of training steps',
        options: 'bench',
        example: 'cnn bench train alexnet --batch-size 64 --precision bf16',
        load: async () => (await import('./bench/train.js')).runBenchTrain,
      },
      {
        name: 'eval',
        places: ['arch'],
        summary: 'Measure the speed of passes forward, as evaluations and predictions have them',
        options: 'bench-eval',
        example: 'cnn bench eval resnet50 --batch-size 1',
        load: async () => (await import('./bench/eval.js')).runBenchEval,
      },
      {
        name: 'data',
        places: ['arch', 'data'],
        summary: 'Measure how fast training images are read, decoded and augmented',
        options: 'bench-data',
        example: 'cnn bench data /data/imagenet --augment inception',
        load: async () => (await import('./bench/data.js')).runBenchData,
      },
    ],
  },
  {
    name: 'experiment',
    summary: 'Train all cells of an experiment, and report what came out',
    members: [
      {
        name: 'run',
        operands: '<directory>',
        summary: 'Train every cell with every seed; continues where it was stopped',
        options: 'experiment-run',
        example: 'cnn experiment run experiments/degradation',
        load: async () => {
          const { runExperimentRun } = await import('./experiment/run.js');
          return (given) => runExperimentRun(given);
        },
      },
      {
        name: 'report',
        operands: '<directory>',
        summary: 'Write results.csv, plots and the table of README.md from the runs',
        options: 'experiment-report',
        example: 'cnn experiment report experiments/degradation',
        load: async () => (await import('./experiment/report.js')).runExperimentReport,
      },
      {
        name: 'list',
        operands: '[directory]',
        summary: 'List the questions of a folder: claim, runs that are done, finding',
        options: null,
        example: 'cnn experiment list experiments',
        load: async () => (await import('./experiment/list.js')).runExperimentList,
      },
      {
        name: 'schema',
        summary: 'Print the JSON schema of experiment files, for editors',
        options: null,
        example: 'cnn experiment schema > experiment.schema.json',
        load: async () => (await import('./experiment/schema.js')).runExperimentSchema,
      },
    ],
  },
  {
    name: 'doctor',
    summary: 'Say which backends work here and what is missing for the others',
    options: null,
    load: async () => (await import('./doctor.js')).runDoctor,
  },
  {
    name: 'completion',
    operands: '<shell>',
    summary: 'Print a script that completes the command line in bash, zsh or fish',
    options: null,
    example: 'source <(cnn completion bash)',
    load: async () => (await import('./completion/completion.js')).runCompletion,
  },
];
