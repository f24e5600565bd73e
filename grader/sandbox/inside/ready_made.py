"""What does an exercise's work in each framework, by the idea: the names behind "automatic differentiation" and its like.

An exercise names the idea once. Names that an installed version lacks are passed over; tests/sandbox/inside/test_ready_made.py
holds that those of the frameworks installed here are there, and that what they do is refused under other names, too.
"""


def each(module: str, names: str) -> tuple[str, ...]:
    """Several names of one module, as dotted paths.

    >>> each("jax", "grad vjp")
    ('jax.grad', 'jax.vjp')
    """
    return tuple(f"{module}.{name}" for name in names.split())


# The last lines name what every way to a derivative goes through, whatever it is called and wherever it is kept.
DERIVATIVES = (
    *each(
        "jax", "grad value_and_grad vjp jvp jacobian jacfwd jacrev hessian linearize linear_transpose custom_gradient"
    ),
    *each("jax.test_util", "check_grads check_jvp check_vjp"),
    *each("torch.autograd", "grad backward"),
    *each("torch.autograd.functional", "vjp jvp jacobian hessian vhp hvp"),
    *each("torch.func", "grad grad_and_value vjp jvp jacfwd jacrev hessian linearize"),
    *each(
        "autograd", "grad value_and_grad elementwise_grad jacobian hessian holomorphic_grad make_vjp make_jvp make_hvp"
    ),
    *each("autograd", "hessian_vector_product hessian_tensor_product make_ggnvp deriv grad_named multigrad_dict"),
    *each("autograd.core", "make_vjp make_jvp backward_pass"),
    *each("tensorflow", "GradientTape gradients hessians"),
    *each("tensorflow.autodiff", "ForwardAccumulator"),
    *each("mlx.core", "grad value_and_grad vjp jvp"),
    *each("mlx.nn", "value_and_grad"),
    *each("jax._src.interpreters.ad", "JVPTrace LinearizeTrace UndefinedPrimal"),
    *each("torch.autograd.graph", "_engine_run_backward"),
    *each("torch.autograd.forward_ad", "make_dual"),
    *each("autograd.core", "VJPNode JVPNode"),
)

JAX_PRODUCTS = (
    *each(
        "jax.numpy",
        "dot vdot inner matmul vecdot matvec vecmat tensordot einsum convolve correlate cov corrcoef polymul",
    ),
    *each(
        "jax.numpy.linalg", "matmul vecdot tensordot multi_dot matrix_power solve tensorsolve lstsq inv pinv tensorinv"
    ),
    *each("jax.lax", "dot dot_general batch_matmul ragged_dot ragged_dot_general scaled_dot conv conv_general_dilated"),
    *each(
        "jax.lax", "conv_with_general_padding conv_transpose conv_general_dilated_local conv_general_dilated_patches"
    ),
    *each("jax.nn", "scaled_matmul scaled_dot_general dot_product_attention"),
    *each("jax.scipy.linalg", "solve inv lu_solve cho_solve solve_triangular"),
    *each("jax._src.lax.lax", "dot_general"),
    *each("jax._src.lax.convolution", "conv_general_dilated"),
)
TORCH_PRODUCTS = (
    *each(
        "torch", "mm matmul bmm mv dot vdot inner einsum tensordot addmm addmv addbmm baddbmm chain_matmul cov corrcoef"
    ),
    *each("torch.linalg", "matmul multi_dot matrix_power vecdot solve inv pinv lstsq tensorsolve tensorinv"),
    *each("torch.nn.functional", "linear bilinear conv1d conv2d conv3d scaled_dot_product_attention"),
    *each("torch.nn", "Linear Bilinear Conv1d Conv2d Conv3d"),
)
OTHER_PRODUCTS = (
    *each("mlx.core", "matmul inner vecdot tensordot einsum addmm block_masked_mm gather_mm segmented_mm convolve"),
    *each("mlx.core", "quantized_matmul qqmm gather_qmm gather_qqmm conv1d conv2d conv3d conv_general"),
    *each("mlx.core", "conv_transpose1d conv_transpose2d conv_transpose3d"),
    *each("mlx.core.fast", "scaled_dot_product_attention"),
    *each("mlx.core.linalg", "solve solve_triangular inv tri_inv pinv cholesky_inv"),
    *each("mlx.nn", "Linear Bilinear Conv1d Conv2d Conv3d"),
    *each("autograd.numpy", "dot inner matmul tensordot einsum"),
    *each("autograd.numpy.linalg", "solve inv pinv"),
    *each("array_api_strict", "matmul vecdot tensordot"),
    *each("array_api_strict.linalg", "matmul vecdot tensordot matrix_power solve inv pinv"),
    *each("scipy.linalg", "solve inv pinv lstsq solve_triangular"),
    *each("scipy.linalg.blas", "dgemm sgemm zgemm dgemv sgemv ddot sdot"),
)
LINEAR_ALGEBRA = (
    *each("mlx.core.linalg", "cholesky cholesky_inv det eig eigh eigvals eigvalsh inv lu lu_factor pinv qr slogdet"),
    *each("mlx.core.linalg", "solve solve_triangular svd tri_inv"),
    *each("jax.numpy.linalg", "solve inv pinv lstsq qr svd eig eigh cholesky det slogdet tensorsolve tensorinv"),
    *each("jax.scipy.linalg", "solve inv lu lu_factor lu_solve cho_factor cho_solve qr svd eigh solve_triangular"),
    *each("jax.lax.linalg", "lu qr svd eigh eig cholesky triangular_solve"),
    *each("torch.linalg", "solve inv pinv lstsq qr svd eig eigh cholesky lu det slogdet solve_triangular"),
    *each("array_api_strict.linalg", "solve inv pinv qr svd eigh cholesky det slogdet"),
    *each("scipy.linalg", "solve inv pinv lstsq lu lu_factor lu_solve qr svd eig eigh cholesky solve_triangular"),
)

ACTIVATIONS = (
    *each("mlx.core", "sigmoid softmax"),
    *each("mlx.nn", "sigmoid relu gelu leaky_relu elu celu selu silu softplus log_sigmoid softmax log_softmax softmin"),
    *each("mlx.nn", "Sigmoid ReLU GELU LeakyReLU Softmax LogSoftmax"),
    *each(
        "jax.nn", "sigmoid relu relu6 gelu leaky_relu elu celu selu silu swish softplus log_sigmoid softmax log_softmax"
    ),
    *each("jax.scipy.special", "expit softmax log_softmax"),
    *each("jax.lax", "logistic"),
    *each("torch", "sigmoid relu softmax log_softmax"),
    *each("torch.special", "expit softmax log_softmax"),
    *each("torch.nn.functional", "sigmoid relu gelu leaky_relu softmax log_softmax softmin logsigmoid"),
    *each("torch.nn", "Sigmoid ReLU GELU LeakyReLU Softmax LogSoftmax"),
    *each("scipy.special", "expit softmax log_softmax"),
    *each("autograd.scipy.special", "expit"),
    *each("tensorflow.nn", "sigmoid relu gelu leaky_relu softmax log_softmax"),
    *each("tensorflow", "sigmoid"),
    *each("keras.ops", "sigmoid relu gelu leaky_relu softmax log_softmax"),
    *each("keras.activations", "sigmoid relu gelu leaky_relu softmax log_softmax"),
)
LOSSES = (
    *each("mlx.nn.losses", "cross_entropy binary_cross_entropy mse_loss nll_loss"),
    *each("mlx.core.fast", "cross_entropy"),
    *each(
        "torch.nn.functional", "mse_loss cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits"
    ),
    *each("torch.nn", "MSELoss CrossEntropyLoss NLLLoss BCELoss BCEWithLogitsLoss"),
    *each("tensorflow.nn", "softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits"),
    *each("tensorflow.nn", "sigmoid_cross_entropy_with_logits"),
    *each("keras.ops", "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy"),
    *each("keras.losses", "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy"),
    *each("keras.losses", "mean_squared_error BinaryCrossentropy CategoricalCrossentropy"),
    *each("keras.losses", "SparseCategoricalCrossentropy MeanSquaredError"),
)
ONE_HOT = ("jax.nn.one_hot", "torch.nn.functional.one_hot", "tensorflow.one_hot", "keras.ops.one_hot")
INITIALISATIONS = (
    *each("mlx.nn.init", "glorot_uniform glorot_normal he_uniform he_normal"),
    *each("jax.nn.initializers", "glorot_uniform glorot_normal xavier_uniform xavier_normal he_uniform he_normal"),
    *each("jax.nn.initializers", "kaiming_uniform kaiming_normal variance_scaling"),
    *each("torch.nn.init", "xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_"),
    *each("keras.initializers", "GlorotUniform GlorotNormal HeUniform HeNormal VarianceScaling"),
)
NORMALISATIONS = (
    *each("jax.nn", "standardize"),
    *each("mlx.core.fast", "layer_norm rms_norm"),
    *each("mlx.nn", "BatchNorm LayerNorm GroupNorm InstanceNorm RMSNorm"),
    *each("torch.nn.functional", "batch_norm layer_norm group_norm instance_norm rms_norm"),
    *each("torch", "batch_norm layer_norm group_norm instance_norm rms_norm"),
    *each("torch.nn", "BatchNorm1d BatchNorm2d LayerNorm GroupNorm RMSNorm"),
    *each("tensorflow.nn", "batch_normalization moments"),
    *each("keras.ops", "batch_normalization layer_normalization rms_normalization"),
    *each("keras.layers", "BatchNormalization LayerNormalization RMSNormalization"),
)
ATTENTION = (
    *each("mlx.core.fast", "scaled_dot_product_attention"),
    *each("mlx.nn", "MultiHeadAttention TransformerEncoderLayer"),
    *each("jax.nn", "dot_product_attention"),
    *each("torch.nn.functional", "scaled_dot_product_attention multi_head_attention_forward"),
    *each("torch.nn", "MultiheadAttention TransformerEncoderLayer"),
    *each("keras.ops", "dot_product_attention"),
    *each("keras.layers", "Attention AdditiveAttention MultiHeadAttention GroupQueryAttention"),
)
OPTIMISERS = (
    *each("mlx.optimizers", "SGD Adam AdamW RMSprop Adagrad clip_grad_norm"),
    *each("jax.example_libraries.optimizers", "sgd momentum nesterov adagrad rmsprop rmsprop_momentum adam adamax"),
    *each("jax.example_libraries.optimizers", "clip_grads"),
    *each("torch.optim", "SGD Adam AdamW RMSprop Adagrad"),
    *each("torch.nn.utils", "clip_grad_norm_ clip_grads_with_norm_"),
    *each("tensorflow", "clip_by_global_norm"),
    *each("keras.optimizers", "SGD Adam AdamW RMSprop"),
)
